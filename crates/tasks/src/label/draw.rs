//! The errors of all methods with one draw of labelled samples.

use handgrad_analysis::neighbours::nearest_by_shared;
use handgrad_analysis::spreading::{ALPHA, Graph};
use handgrad_analysis::{argmax, nearest};
use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::{Array2, ArrayView2};

use super::{rebuilt, rows};
use crate::draws::balanced;
use crate::probe::C;
use crate::probe::logistic::Problem;
use crate::views::{Classes, Form, selected, view};
use crate::{Error, check_numbers};

/// What does not depend on a draw.
pub(super) struct Ground<'a> {
    pub model: &'a Model,
    /// The training samples whose labels are known, by number, and the classes of both sets.
    pub fit: &'a Samples,
    pub known: Vec<u32>,
    pub classes: Classes,
    /// The test samples whose labels are known, and their numbers.
    pub tests: Samples,
    pub of_tests: Vec<u32>,
    /// The reconstructions of the test samples, and the codes of all samples, the training samples first.
    pub rebuilt: Array2<f32>,
    pub codes: Array2<f32>,
    pub scaled: Array2<f32>,
    pub graph: Graph,
}

/// The errors of the methods with one draw, in the order of [`Method::ALL`](super::Method::ALL).
pub(super) struct Drawn {
    pub errors: [f64; 5],
    pub labels: usize,
    /// The test samples that label spreading gives no label: because no labelled sample is connected with them, and
    /// because the labelled ones are too far away.
    pub unconnected: usize,
    pub too_far: usize,
    /// Whether logistic regression has reached the minimum of its loss.
    pub is_converged: bool,
}

impl Ground<'_> {
    pub fn of_draw(&self, per_class: usize, seed: u64) -> Result<Drawn, Error> {
        let Self { model, fit, classes, tests, .. } = self;
        let drawn = balanced(&classes.fit, &classes.names, per_class, seed)?;
        let labels: Vec<u32> = drawn.iter().map(|&at| classes.fit[at as usize]).collect();
        // In the numbers of all training samples, and of all samples in the graph.
        let drawn: Vec<u32> = drawn.iter().map(|&at| self.known[at as usize]).collect();
        check_numbers(fit, &drawn)?;
        let of_tests: Vec<u32> = self.of_tests.iter().map(|at| fit.len() as u32 + at).collect();
        let labelled = selected(fit, &drawn);

        let dive: Vec<Option<u32>> = nearest_reconstruction(rebuilt(model, &labelled)?.view(), self.rebuilt.view())?
            .into_iter()
            .map(|row| row.map(|row| labels[row]))
            .collect();
        let of_nearest = |form: Form, known: ArrayView2<f32>, samples: ArrayView2<f32>| {
            let found = nearest(known, samples, 1).ok_or(Error::NotFinite { form: form.name() })?;
            Ok::<_, Error>(found.rows.iter().map(|&row| Some(labels[row as usize])).collect::<Vec<_>>())
        };
        let inputs = view(Form::Inputs, model, &labelled, tests)?;
        let nearest_inputs = of_nearest(Form::Inputs, inputs.fit.view(), inputs.rows.view())?;
        let codes = [&drawn, &of_tests].map(|numbers| rows(&self.codes, numbers));
        let nearest_code = of_nearest(Form::Code, codes[0].view(), codes[1].view())?;

        let count = classes.names.len();
        let [of_drawn, of_samples] = [&drawn, &of_tests].map(|numbers| rows(&self.scaled, numbers));
        let fitted = Problem { rows: of_drawn.view(), classes: &labels, count, c: C }.fit();
        let probe: Vec<Option<u32>> = fitted.classes(of_samples.view()).into_iter().map(Some).collect();

        let pairs: Vec<(u32, u32)> = drawn.iter().copied().zip(labels.iter().copied()).collect();
        let spread = self.graph.spread(&pairs, count, ALPHA);
        let label = |&row: &u32| {
            let row = spread.row(row as usize);
            (row.sum() > 0.0).then(|| argmax(row.iter().copied()) as u32)
        };
        let spreading: Vec<Option<u32>> = of_tests.iter().map(label).collect();
        let is_connected = self.graph.connected(drawn.iter().copied());
        let unconnected = of_tests.iter().filter(|&&row| !is_connected[row as usize]).count();
        let without = spreading.iter().filter(|label| label.is_none()).count();

        // A sample without a label counts as wrong.
        let error = |called: &[Option<u32>]| {
            let wrong = called.iter().zip(&classes.rows).filter(|(called, class)| **called != Some(**class)).count();
            wrong as f64 / tests.len() as f64
        };
        Ok(Drawn {
            errors: [&dive, &nearest_inputs, &nearest_code, &probe, &spreading].map(|called| error(called)),
            labels: drawn.len(),
            unconnected,
            too_far: without - unconnected,
            is_converged: fitted.is_converged,
        })
    }
}

/// The nearest row of `known` of each of `samples`: both are reconstructions, and NaN where a series has ended.
fn nearest_reconstruction(known: ArrayView2<f32>, samples: ArrayView2<f32>) -> Result<Vec<Option<usize>>, Error> {
    if known.iter().chain(&samples).any(|value| value.is_nan()) {
        return Ok(nearest_by_shared(known, samples));
    }
    let found = nearest(known, samples, 1).ok_or(Error::NotFinite { form: "reconstruction" })?;
    Ok(found.rows.iter().map(|&row| Some(row as usize)).collect())
}
