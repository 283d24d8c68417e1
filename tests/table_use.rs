//! Models of tables: what training taught stands in the model, and nothing is learnt from the file that it is used on.
//! This file belongs to the package `handgrad-cli`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_tests::doubles;

mod command;

use command::{err, json, number, run};

/// Rows of three columns that follow one another, and a word that follows from them.
fn rows(count: usize, seed: u64) -> Vec<[String; 4]> {
    let noise = doubles(3 * count, seed);
    let row = |noise: &[f64]| {
        let (temp, flow) = (noise[0], 2.0 * noise[0] + 0.1 * noise[1]);
        let state = ["low", "middle", "high"][((temp + 1.0) * 1.5) as usize % 3];
        [format!("{temp:.4}"), format!("{flow:.4}"), format!("{:.4}", temp - flow + 0.1 * noise[2]), state.to_owned()]
    };
    noise.chunks_exact(3).map(row).collect()
}

fn write(at: &Path, file: &str, header: &str, rows: &[[String; 4]]) {
    let text = rows.iter().fold(format!("{header}\n"), |text, row| text + &row.join(",") + "\n");
    fs::write(at.join(file), text).expect("written");
}

const HEADER: &str = "temp,flow,load,state";

/// A folder with a table, and a model of it for each of the flags.
fn trained(models: &[(&str, &[&str])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = rows(300, 1);
    // Some cells are missing.
    (0..300).step_by(7).for_each(|at| table[at][at % 4].clear());
    write(folder.path(), "table.csv", HEADER, &table);
    for (out, flags) in models {
        train(folder.path(), "table.csv", out, flags);
    }
    folder
}

/// Trains for a few epochs, and returns what was said.
fn train(at: &Path, data: &str, out: &str, flags: &[&str]) -> String {
    let epochs = if flags.contains(&"--epochs") { &[][..] } else { &["--epochs", "8"] };
    let output = run(at, &[&["train", "--data", data, "--out", out], epochs, flags].concat());
    assert!(output.status.success(), "{data}: {}", err(&output));
    err(&output) + &String::from_utf8_lossy(&output.stdout)
}

/// The lines of the file of scores, without the header.
fn scores(at: &Path, model: &str, data: &str) -> Vec<String> {
    let place = at.join("scores.csv");
    let output = run(at, &["anomaly", model, "--data", data, "--scores", "scores.csv"]);
    assert!(output.status.success(), "{data}: {}", err(&output));
    let text = fs::read_to_string(&place).expect("scores");
    fs::remove_file(place).expect("removed");
    text.lines().skip(1).map(|line| line.rsplit(',').nth(1).expect("a score").to_owned()).collect()
}

/// The codes of the rows, without their lines in the table.
fn codes(at: &Path, model: &str, data: &str) -> Vec<String> {
    let place = at.join("codes.csv");
    json(at, &["encode", model, "--data", data, "--out", "codes.csv", "--json"]);
    let text = fs::read_to_string(&place).expect("codes");
    fs::remove_file(place).expect("removed");
    text.lines().skip(1).map(|line| line.split_once(',').expect("a line and a code").1.to_owned()).collect()
}

#[test]
fn a_row_gets_the_same_score_and_code_in_every_file() {
    let folder = trained(&[
        ("own", &[]),
        ("mean", &["--fill", "mean"]),
        ("plain", &["--layers", "2", "--fill", "mean"]),
        ("zero", &["--fill", "zero"]),
    ]);
    let at = folder.path();
    let odd = ["50", "-3", "9", "unheard of"].map(str::to_owned);
    for (name, hole) in [("number", Some(0)), ("second", Some(2)), ("category", Some(3)), ("whole", None)] {
        let mut row = rows(1, 5).remove(0);
        hole.into_iter().for_each(|hole: usize| row[hole].clear());
        let beside = [&[row.clone()][..], std::slice::from_ref(&odd), &vec![odd.clone(); 3]].concat();
        write(at, "alone.csv", HEADER, &[row.clone()]);
        write(at, "odd.csv", HEADER, &beside);
        write(at, "normal.csv", HEADER, &[&[row][..], &rows(40, 6)].concat());
        for model in ["own", "mean", "plain", "zero"] {
            let files = ["alone.csv", "odd.csv", "normal.csv"];
            let [alone, beside, among] = files.map(|file| scores(at, model, file).remove(0));
            assert!(alone == beside && alone == among, "{model}, {name}: {alone}, {beside}, {among}");
            let [alone, beside, among] = files.map(|file| codes(at, model, file).remove(0));
            assert!(alone == beside && alone == among, "{model}, {name}: {alone}, {beside}, {among}");
        }
    }
    // With a fill value, the model sees the mean of the training rows: a row with it has the same code.
    let mut row = rows(1, 5).remove(0);
    let text = fs::read_to_string(at.join("table.csv")).expect("the table");
    let (_, held_out) = held_out(&text);
    let known = |line: &&str| !held_out.contains(line) && !line.starts_with(',');
    let temps: Vec<f64> = text
        .lines()
        .skip(1)
        .filter(known)
        .map(|line| line.split(',').next().expect("a cell").parse().expect("a number"))
        .collect();
    row[0] = (temps.iter().sum::<f64>() / temps.len() as f64).to_string();
    write(at, "mean.csv", HEADER, &[row.clone()]);
    row[0].clear();
    write(at, "hole.csv", HEADER, &[row]);
    let [mean, hole] = ["mean.csv", "hole.csv"].map(|file| codes(at, "mean", file).remove(0));
    let [mean, hole] =
        [mean, hole].map(|line| line.split(',').map(|z| z.parse().expect("a number")).collect::<Vec<f64>>());
    assert!(mean.iter().zip(&hole).all(|(a, b)| (a - b).abs() < 1e-5), "{mean:?} {hole:?}");
}

/// The lines of a table that training with seed 0 holds out: an independent list from the numbers of the rows.
fn held_out(text: &str) -> (usize, Vec<&str>) {
    let table = handgrad_dataset::tables::decode(
        text.as_bytes(),
        "t.csv".as_ref(),
        &handgrad_dataset::csv::Label::ByName,
        None,
        None,
        &(),
    );
    let table = table.expect("a table");
    let rows: Vec<usize> = (0..table.len()).collect();
    let (train, held_out, _) = handgrad_dataset::tables::rows_of(&table, &rows, Some(0)).expect("rows");
    let lines: Vec<&str> = text.lines().collect();
    (train.len(), held_out.iter().map(|&row| lines[table.line(row) - 1]).collect())
}

#[test]
fn columns_are_matched_by_name() {
    let folder = trained(&[("own", &[]), ("mean", &["--layers", "2", "--fill", "mean"])]);
    let at = folder.path();
    let new = rows(50, 8);
    write(at, "new.csv", HEADER, &new);
    for order in [[3, 0, 2, 1], [1, 2, 3, 0]] {
        let turned: Vec<_> = new.iter().map(|row| order.map(|column| row[column].clone())).collect();
        let names: Vec<&str> = HEADER.split(',').collect();
        write(at, "turned.csv", &order.map(|column| names[column]).join(","), &turned);
        for model in ["own", "mean"] {
            assert_eq!(scores(at, model, "turned.csv"), scores(at, model, "new.csv"));
            assert_eq!(codes(at, model, "turned.csv"), codes(at, model, "new.csv"));
        }
    }
    let less = new
        .iter()
        .fold("temp,flow,state\n".to_owned(), |text, row| text + &format!("{},{},{}\n", row[0], row[1], row[3]));
    fs::write(at.join("less.csv"), less).expect("written");
    write(at, "renamed.csv", "temp,flow,laod,state", &new);
    let more = new.iter().fold("temp,flow,load,state,speed\n".to_owned(), |text, row| text + &row.join(",") + ",1\n");
    fs::write(at.join("more.csv"), more).expect("written");
    let narrow = new.iter().fold(String::new(), |text, row| text + &row[..2].join(",") + "\n");
    fs::write(at.join("narrow.csv"), narrow).expect("written");
    for (file, words) in [
        ("less.csv", &["less.csv", "has no column \"load\""][..]),
        ("renamed.csv", &["\"load\"", "\"laod\"", "did you mean"]),
        ("more.csv", &["\"speed\"", "the model does not know"]),
        ("narrow.csv", &["narrow.csv", "found 2 columns", "4"]),
    ] {
        for command in [
            &["anomaly", "own", "--data", file][..],
            &["encode", "own", "--data", file, "--out", "unused.csv"],
            &["eval", "own", "--data", file],
            &["impute", "own", "--data", file, "--out", "unused.csv"],
            &["reconstruct", "own", "--data", file, "--out", "unused.csv"],
        ] {
            let output = run(at, command);
            let said = err(&output);
            assert!(!output.status.success() && output.status.code() != Some(101), "{command:?}");
            assert!(words.iter().all(|word| said.contains(word)), "{command:?}: {said}");
            assert!(!at.join("unused.csv").exists());
        }
    }
}

#[test]
fn the_unit_of_a_column_does_not_matter() {
    let folder = trained(&[]);
    let at = folder.path();
    let scaled = |rows: &[[String; 4]]| -> Vec<[String; 4]> {
        let of = |row: &[String; 4]| {
            let mut row = row.clone();
            row[1] = row[1].parse::<f64>().map_or(String::new(), |value| format!("{}", value * 1e5));
            row
        };
        rows.iter().map(of).collect()
    };
    let (table, new) = (rows(300, 1), rows(40, 2));
    write(at, "small.csv", HEADER, &table);
    write(at, "large.csv", HEADER, &scaled(&table));
    write(at, "small-new.csv", HEADER, &new);
    write(at, "large-new.csv", HEADER, &scaled(&new));
    for scale in ["standard", "min-max"] {
        let loss = |size: &str| {
            let (data, out) = (format!("{size}.csv"), format!("{size}-{scale}"));
            let args =
                ["train", "--data", &data, "--out", &out, "--epochs", "8", "--scale", scale, "--json", "--quiet"];
            number(&json(at, &args)["val_loss"])
        };
        let [small, large] = ["small", "large"].map(loss);
        assert!((small - large).abs() < 1e-4 * small, "{scale}: {small}, {large}");
        let scores = |size: &str| -> Vec<f64> {
            let found = scores(at, &format!("{size}-{scale}"), &format!("{size}-new.csv"));
            found.iter().map(|score| score.parse().expect("a number")).collect()
        };
        let [small, large] = ["small", "large"].map(scores);
        assert!(small.iter().zip(&large).all(|(a, b)| (a - b).abs() < 1e-3 * a.max(0.01)), "{small:?}, {large:?}");
    }
}

#[test]
fn small_differences_of_large_values_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (name, step) in [("whole", 1.0), ("fraction", 1.0 / 1024.0)] {
        let cell = |row: usize, factor: usize| format!("{}", 1e8 + step * (row * factor % 10) as f64);
        let line = |row: usize| format!("{},{},{}\n", cell(row, 1), cell(row, 3), cell(row, 7));
        fs::write(at.join("t.csv"), "a,b,c\n".to_owned() + &(0..400).map(line).collect::<String>()).expect("written");
        for scale in ["standard", "min-max"] {
            let out = format!("{name}-{scale}");
            train(at, "t.csv", &out, &["--scale", scale]);
            let mut found = codes(at, &out, "t.csv");
            assert_eq!(found.len(), 400);
            found.sort();
            found.dedup();
            assert_eq!(found.len(), 10, "{out}");
        }
    }
}

/// Deliveries: a number of the order, a date, a word, and a price that is sometimes a text.
fn deliveries(count: usize) -> String {
    let line = |at: usize| {
        let (day, weight) = (1 + at * 11 % 28, 1.0 + (at * 37 % 50) as f64);
        let mode = ["Air", "Truck", "Ocean, slow"][at * 7 % 3];
        let price = if at % 20 == 3 { "Freight included in cost".to_owned() } else { format!("{:.2}", 3.5 * weight) };
        format!("SCMS-{at},{day}-{}-06,\"{mode}\",{weight},{price}\n", ["Jan", "Jun", "Nov"][at % 3])
    };
    "order,sent,mode,weight,price\n".to_owned() + &(0..count).map(line).collect::<String>()
}

#[test]
fn words_dates_and_prices_with_text_in_them_need_no_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("deliveries.csv"), deliveries(200)).expect("written");
    let output = run(at, &["train", "--data", "deliveries.csv"]);
    let said = err(&output);
    assert!(output.status.success(), "{said}");
    for (column, words) in [
        ("order", &["identifier", "a different word in every row"][..]),
        ("sent", &["date", "%d-%b-%y"]),
        ("mode", &["category", "Ocean, slow"]),
        ("weight", &["number"]),
        ("price", &["number", "hold text", "Freight included in cost", "counts as missing"]),
    ] {
        let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{column} "))).unwrap_or_default();
        assert!(words.iter().all(|word| line.contains(word)), "{column}: {said}");
    }
    let runs: Vec<_> = fs::read_dir(at.join("runs")).expect("runs").map(|run| run.expect("a run").path()).collect();
    let model = runs[0].to_str().expect("UTF-8");
    let schema = fs::read_to_string(runs[0].join("schema.toml")).expect("a schema");
    assert!(schema.contains("kind = \"date\"") && schema.contains("format = \"%d-%b-%y\""), "{schema}");

    // `data info` says the same.
    let output = run(at, &["data", "info", "deliveries.csv"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", err(&output));
    for kind in ["identifier", "date", "category", "number", "4 columns used, 1 left out"] {
        assert!(text.contains(kind), "{kind}: {text}");
    }

    // What does not fit the columns at use is told, with its column and line.
    let mut new = deliveries(12);
    new += "SCMS-x,3-Jun-06,Camel,heavy,7\n,,,,\nSCMS-y,31-Feb-06,Air,4,14\n";
    fs::write(at.join("new.csv"), new).expect("written");
    let output = run(at, &["anomaly", model, "--data", "new.csv", "--scores", "s.csv"]);
    let said = err(&output);
    assert!(output.status.success(), "{said}");
    for words in [
        &["\"mode\"", "no known class", "Camel", "line 14", "counted as other"][..],
        &["\"weight\"", "\"heavy\"", "line 14", "counted as missing"],
        &["\"sent\"", "31-Feb-06", "line 16", "counted as missing"],
        &["1 row without any value left out"],
    ] {
        let told = said.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(told, "{words:?}: {said}");
    }
    let scores = fs::read_to_string(at.join("s.csv")).expect("scores");
    assert_eq!(scores.lines().count(), 1 + 14);
    assert!(scores.starts_with("sample,line,order,score,called\n"), "{scores}");
    assert!(scores.lines().last().is_some_and(|line| line.starts_with("13,16,SCMS-y,")), "{scores}");
}

#[test]
fn the_user_says_which_columns_are_used_and_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("t.csv"), deliveries(120)).expect("written");
    let kinds = |out: &str| -> Vec<(String, String)> {
        let text = fs::read_to_string(at.join(out).join("schema.toml")).expect("a schema");
        let value = |line: &str| line.split('"').nth(1).expect("a text").to_owned();
        let of = |key: &str| text.lines().filter(|line| line.starts_with(key)).map(value).collect::<Vec<_>>();
        of("name = ").into_iter().zip(of("kind = ")).collect()
    };
    let kind = |out: &str, column: &str| {
        kinds(out).into_iter().find(|(name, _)| name == column).unwrap_or_else(|| panic!("no {column}")).1
    };
    train(at, "t.csv", "usual", &[]);
    train(at, "t.csv", "ignored", &["--ignore", "sent,mode"]);
    train(at, "t.csv", "chosen", &["--columns", "weight,price"]);
    let expected = |out: &str| ["order", "sent", "mode", "weight", "price"].map(|column| kind(out, column));
    assert_eq!(expected("usual"), ["identifier", "date", "category", "number", "number"]);
    assert_eq!(expected("ignored"), ["identifier", "ignored", "ignored", "number", "number"]);
    assert_eq!(expected("chosen"), ["ignored", "ignored", "ignored", "number", "number"]);

    // The schema of a run, edited: one column becomes a category, another is left out.
    let text = fs::read_to_string(at.join("usual/schema.toml")).expect("a schema");
    let (before, after) = text.split_once("name = \"weight\"\nkind = \"number\"").expect("the column weight");
    let text = format!("{before}name = \"weight\"\nkind = \"category\"{after}");
    let text = text.replace("name = \"sent\"\nkind = \"date\"", "name = \"sent\"\nkind = \"ignored\"");
    fs::write(at.join("edited.toml"), &text).expect("written");
    train(at, "t.csv", "edited", &["--schema", "edited.toml"]);
    assert_eq!(expected("edited"), ["identifier", "ignored", "category", "category", "number"]);
    // The unchanged schema gives the same model.
    train(at, "t.csv", "again", &["--schema", "usual/schema.toml"]);
    let model = |out: &str| json(at, &["encode", out, "--data", "t.csv", "--out", &format!("{out}.csv"), "--json"]);
    let _ = (model("usual"), model("again"));
    assert_eq!(fs::read(at.join("usual.csv")).expect("codes"), fs::read(at.join("again.csv")).expect("codes"));
    // Columns that are left out may hold anything.
    fs::write(at.join("new.csv"), deliveries(9).replace("-Jun-06", " soon").replace("-Jan-06", "?")).expect("written");
    assert_eq!(scores(at, "edited", "new.csv").len(), 9);

    // What cannot be done is refused.
    let unknown = text.replace("kind = \"category\"", "kind = \"colour\"");
    fs::write(at.join("unknown.toml"), unknown).expect("written");
    let impossible = text.replace("name = \"mode\"\nkind = \"category\"", "name = \"mode\"\nkind = \"number\"");
    fs::write(at.join("impossible.toml"), impossible).expect("written");
    fs::write(at.join("absent.toml"), "[[column]]\nname = \"speed\"\nkind = \"number\"\n").expect("written");
    let undated = "[[column]]\nname = \"sent\"\nkind = \"date\"\nformat = \"%Q\"\n";
    fs::write(at.join("undated.toml"), undated).expect("written");
    for (flags, words) in [
        (&["--schema", "unknown.toml"][..], &["unknown.toml", "colour"][..]),
        (&["--schema", "impossible.toml"], &["\"mode\"", "number", "category"]),
        (&["--schema", "absent.toml"], &["the schema names the column \"speed\""]),
        (&["--schema", "undated.toml"], &["\"sent\"", "%Q"]),
        (&["--schema", "none.toml"], &["none.toml"]),
        (&["--ignore", "wieght"], &["ignore names", "\"wieght\"", "did you mean weight"]),
        (&["--columns", "speed"], &["columns names", "\"speed\""]),
        (&["--fill", "previous"], &["previous", "mean or zero"]),
        (&["--ignore", "sent,mode,weight,price"], &["no column is left"]),
    ] {
        let output = run(at, &[&["train", "--data", "t.csv", "--out", "unused"], flags].concat());
        let said = err(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{flags:?}: {:?}, {said}", output.status);
        assert!(words.iter().all(|word| said.contains(word)) && !at.join("unused").exists(), "{flags:?}: {said}");
    }
}
