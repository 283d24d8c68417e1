//! The sections of the page that need no script.

use std::fmt::Write;

use super::curves::{Curve, chart, histogram};
use super::text::{escape, figure, whole};
use super::weights::base64;
use super::{CodeValues, ColumnQuality, ExampleImage, ExampleRow, Examples, Page, Scores};

/// Epochs that are listed in the table.
const MOST_EPOCHS: usize = 200;

/// What was trained: facts, the command that repeats it, and the settings.
pub(super) fn facts(page: &Page) -> String {
    format!(
        "{}\n<p>The command that repeats this training:</p><pre tabindex=\"0\"><code>{}</code></pre>\n\
         <details><summary>All settings</summary>{}</details>",
        two_columns("The run", &page.facts),
        escape(&page.command),
        two_columns("Settings", &page.settings)
    )
}

/// A table of names and values.
pub(crate) fn two_columns(caption: &str, rows: &[[String; 2]]) -> String {
    let row = |[name, value]: &[String; 2]| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(name), escape(value))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<table class=\"facts\"><caption>{caption}</caption>{rows}</table>")
}

/// The losses of all epochs, by term, the learning rate and the seconds.
pub(super) fn training(page: &Page) -> String {
    let epochs: Vec<usize> = page.epochs.iter().map(|epoch| epoch.epoch).collect();
    let of = |value: &dyn Fn(&super::Epoch) -> f64| page.epochs.iter().map(value).collect::<Vec<_>>();
    let both = [
        Curve { name: "training", values: of(&|epoch| epoch.training) },
        Curve { name: "validation", values: of(&|epoch| epoch.validation) },
    ];
    let caption = format!("Loss: {}", page.loss);
    let mut html = chart(&caption, &epochs, &both, &page.yardsticks, page.kept);
    let yardsticks: Vec<String> =
        page.yardsticks.iter().map(|(name, value)| format!("{} {}", escape(name), figure(*value))).collect();
    if !yardsticks.is_empty() {
        let _ = write!(html, "<p>To compare: {}.</p>", yardsticks.join(", "));
    }
    let names: Vec<String> =
        page.epochs.first().map_or_else(Vec::new, |epoch| epoch.terms.iter().map(|(name, _)| name.clone()).collect());
    if names.len() > 1 {
        let terms: Vec<Curve> = names
            .iter()
            .enumerate()
            .map(|(at, name)| Curve { name, values: of(&|epoch| epoch.terms.get(at).map_or(f64::NAN, |term| term.1)) })
            .collect();
        html += &chart("Terms of the validation loss", &epochs, &terms, &[], page.kept);
    }
    let rates = of(&|epoch| epoch.learning_rate);
    if rates.iter().any(|rate| *rate != rates[0]) {
        html += &chart("Learning rate", &epochs, &[Curve { name: "learning rate", values: rates }], &[], page.kept);
    }
    let mut rows = String::new();
    let each = page.epochs.len().div_ceil(MOST_EPOCHS).max(1);
    for epoch in page.epochs.iter().step_by(each) {
        let numbers = [epoch.training, epoch.validation, epoch.learning_rate, epoch.seconds].map(figure);
        let _ = write!(rows, "<tr><th scope=\"row\">{}</th>", epoch.epoch);
        numbers.iter().for_each(|number| rows += &format!("<td>{number}</td>"));
        rows += "</tr>";
    }
    let part = if each > 1 { format!(" (every {each})") } else { String::new() };
    let _ = write!(
        html,
        "<details><summary>All epochs as a table{part}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Epochs\"><table><thead><tr><th scope=\"col\">epoch</th><th scope=\"col\">training</th>\
         <th scope=\"col\">validation</th><th scope=\"col\">learning rate</th><th scope=\"col\">seconds</th></tr>\
         </thead><tbody>{rows}</tbody></table></div></details>"
    );
    html
}

/// Samples with their reconstructions.
pub(super) fn examples(examples: &Examples) -> String {
    match examples {
        Examples::Images { images, white, range } => {
            let drawn: String = images.iter().map(example).collect();
            let range = range.map_or_else(String::new, |(low, high)| {
                format!(" In the samples, black is {} and white is {}.", figure(low), figure(high))
            });
            format!(
                "<p>Side by side: a sample, its reconstruction, and the absolute error of each value, from black (no \
                 error) to white (an error of {}).{range}</p><div class=\"examples\">{drawn}</div>",
                figure(*white)
            )
        }
        Examples::Chart(svg, about) => format!(
            "<figure><figcaption>{0}</figcaption><div class=\"scroll whole\" tabindex=\"0\" \
             role=\"region\" aria-label=\"Chart\"><img class=\"wide\" alt=\"{0}\" \
             src=\"data:image/svg+xml;base64,{1}\"></div></figure>",
            escape(about),
            base64(svg.as_bytes())
        ),
        Examples::Rows(names, rows) => rows.iter().map(|row| example_row(names, row)).collect(),
    }
}

fn example(image: &ExampleImage) -> String {
    let title = escape(&image.title);
    let picture = |(png, what): (&Vec<u8>, &str)| {
        format!("<img alt=\"{what} of {title}\" src=\"data:image/png;base64,{}\">", base64(png))
    };
    let kinds = ["the values", "the reconstruction", "the error"];
    let pictures: String = image.png.iter().zip(kinds).map(picture).collect();
    format!(
        "<figure class=\"example\"><div>{pictures}</div><figcaption>{title}<br>error {}</figcaption></figure>",
        figure(image.error)
    )
}

fn example_row(names: &[String], row: &ExampleRow) -> String {
    let cells: String = names
        .iter()
        .zip(&row.cells)
        .map(|(name, [found, told])| {
            let [name, found, told] = [name, found, told].map(|text| escape(text));
            format!("<tr><th scope=\"row\">{name}</th><td>{found}</td><td>{told}</td></tr>")
        })
        .collect();
    format!(
        "<details><summary>{}, error {}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Row\"><table><thead><tr><th scope=\"col\">column</th><th scope=\"col\">value</th>\
         <th scope=\"col\">reconstruction</th></tr></thead><tbody>{cells}</tbody></table></div></details>",
        escape(&row.title),
        figure(row.error)
    )
}

/// The distribution of the values of codes.
pub(super) fn code(code: &CodeValues) -> String {
    let mut html = histogram("How often values of codes occur", &code.edges, &code.counts, None, "values");
    let notes: String = code.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    let _ = write!(html, "<ul>{notes}</ul>");
    if !code.kl.is_empty() {
        let most = code.kl.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let row = |(unit, kl): (usize, &f64)| {
            format!(
                "<tr><th scope=\"row\">z{unit}</th><td>{}</td><td><meter min=\"0\" max=\"1\" value=\"{:.3}\" \
                 aria-label=\"part of the largest\"></meter></td></tr>",
                figure(*kl),
                (kl / most).clamp(0.0, 1.0)
            )
        };
        let rows: String = code.kl.iter().enumerate().take(64).map(row).collect();
        let _ = write!(
            html,
            "<details><summary>KL divergence of each unit</summary><table><thead><tr><th scope=\"col\">unit</th>\
             <th scope=\"col\">nats</th><td></td></tr></thead><tbody>{rows}</tbody></table></details>"
        );
    }
    html
}

/// How well the columns of a table are reconstructed. Empty for other data.
pub(super) fn columns(columns: &[ColumnQuality]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let row = |column: &ColumnQuality| {
        let meter = match column.part.is_finite() {
            true => format!(
                "<meter min=\"0\" max=\"1\" value=\"{:.3}\" aria-label=\"as a bar\"></meter>",
                column.part.clamp(0.0, 1.0)
            ),
            false => String::new(),
        };
        let [name, kind, quality, error] =
            [&column.name, &column.kind, &column.quality, &column.error].map(|text| escape(text));
        format!(
            "<tr><th scope=\"row\">{name}</th><td>{kind}</td><td>{quality}</td><td>{meter}</td><td>{error}</td></tr>"
        )
    };
    let rows: String = columns.iter().map(row).collect();
    format!(
        "<h3>The columns, the worst first</h3><p>Each column is told from the others. R² is 1 for a perfect prediction \
         and 0 for the mean; accuracy is the part of the rows whose class is told.</p><div class=\"scroll\" \
         tabindex=\"0\" role=\"region\" aria-label=\"Columns\"><table><thead><tr><th scope=\"col\">column</th>\
         <th scope=\"col\">kind</th><th scope=\"col\">quality</th><td></td><th scope=\"col\">error</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    )
}

/// The histogram of the scores, and the scores of each class.
pub(super) fn anomaly(scores: &Scores) -> String {
    let mark = Some(("threshold", scores.threshold));
    let mut html = format!("<p>{}</p>", escape(&scores.about));
    html += &histogram("How often scores occur", &scores.edges, &scores.counts, mark, "samples");
    if let Some(separation) = &scores.separation {
        let _ = write!(html, "<p>{}</p>", escape(separation));
    }
    if !scores.classes.is_empty() {
        let row = |(name, samples, mean, above): &(String, usize, f64, usize)| {
            let share = 100.0 * *above as f64 / (*samples).max(1) as f64;
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{share:.1} %</td></tr>",
                escape(name),
                whole(*samples),
                figure(*mean)
            )
        };
        let rows: String = scores.classes.iter().map(row).collect();
        let _ = write!(
            html,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Classes\"><table>\
             <caption>Scores by class</caption><thead><tr><th scope=\"col\">class</th><th scope=\"col\">samples</th>\
             <th scope=\"col\">mean score</th><th scope=\"col\">at the threshold or above</th></tr></thead>\
             <tbody>{rows}</tbody></table></div>"
        );
    }
    html
}

/// The words of the page: the word, what it means, and the file with its formula and derivation.
const GLOSSARY: [(&str, &str, &str); 18] = [
    (
        "autoencoder",
        "a network that is trained to return its input, through a layer with few values",
        "docs/derivation.md",
    ),
    (
        "code",
        "the values of the narrow layer: a short description of a sample, made by the encoder",
        "crates/models/src/basic.rs",
    ),
    (
        "encoder, decoder",
        "the layers from the sample to the code, and those from the code back to the sample",
        "crates/models/src/spec.rs",
    ),
    ("reconstruction", "what the decoder makes of the code of a sample", "crates/tasks/src/reconstruct.rs"),
    (
        "loss",
        "the number that training makes small: how far the reconstructions are from the samples",
        "crates/layers/src/losses/loss.rs",
    ),
    (
        "validation loss",
        "the loss on samples that training never uses; if it rises while the training loss falls, the network \
         learns the training samples by heart",
        "crates/trainer/src/fit.rs",
    ),
    ("epoch", "one pass of the training through all training samples", "crates/trainer/src/epochs.rs"),
    ("learning rate", "how far the weights move in one step", "crates/layers/src/optimizers/adam.rs"),
    ("dense layer", "every output depends on every input: y = φ(x·w + b)", "crates/layers/src/dense/dense.rs"),
    (
        "convolution",
        "the same small window of weights at every place of an image",
        "crates/layers/src/convolution/conv2d.rs",
    ),
    (
        "activation",
        "the function φ after the weighted sums, for example ReLU, max(z, 0)",
        "crates/layers/src/dense/activation.rs",
    ),
    (
        "variational",
        "the encoder gives a distribution of codes; new samples can be drawn from it",
        "crates/models/src/variational.rs",
    ),
    (
        "KL divergence",
        "how far the distribution of a code is from N(0, 1), in nats",
        "crates/layers/src/randomness/reparameterize.rs",
    ),
    (
        "dead unit",
        "a value of the code that is the same for every sample, so that it says nothing",
        "crates/tasks/src/code.rs",
    ),
    (
        "PCA",
        "the directions along which the codes differ most; the best linear map to few values",
        "crates/analysis/src/pca.rs",
    ),
    (
        "score",
        "the reconstruction error of one sample; a high one means that the sample is unlike those of the training",
        "crates/tasks/src/anomaly/mod.rs",
    ),
    ("threshold", "the score from which on a sample counts as unusual", "crates/tasks/src/anomaly/threshold.rs"),
    (
        "R²",
        "1 minus the squared error divided by the variance: 1 is perfect, 0 is no better than the mean",
        "crates/tasks/src/columns/report.rs",
    ),
];

/// The words of the page with their meaning.
pub(super) fn glossary() -> String {
    let entry = |(word, meaning, file): &(&str, &str, &str)| {
        let [word, meaning, file] = [word, meaning, file].map(|text| escape(text));
        format!("<dt>{word}</dt><dd>{meaning}. <code>{file}</code></dd>")
    };
    let entries: String = GLOSSARY.iter().map(entry).collect();
    format!("<p>The file after each entry has the formula and its derivation.</p><dl>{entries}</dl>")
}
