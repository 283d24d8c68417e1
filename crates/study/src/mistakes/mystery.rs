//! An unnamed mistake in the backward pass of a small layer, to be found from what the gradient check shows.

use handgrad_analysis::Random;
use handgrad_dataset::sizes;
use handgrad_layers::gradcheck::{catalogue::numbers, compare, gradients, loss, quotients};
use serde_json::{Value as Json, json};

use super::mistake::{Mistake, Pair, Plant, Size};
use super::seen;
use crate::Error;
use crate::gradcheck::TOLERANCE;
use crate::trace::form::{Value, short};
use crate::trace::render::wrap;

/// The number of samples.
const ROWS: usize = 2;

/// A layer with a planted mistake, and what the gradient check shows of it.
#[derive(Debug)]
pub struct Mystery {
    mistake: &'static Mistake,
    layer: String,
    forward: &'static str,
    /// What goes into the layer and comes out of it: x, the parameters, y and dy.
    values: Vec<(&'static str, Value)>,
    /// The gradients: dx, and one for each parameter.
    pub gradients: Vec<Compared>,
}

/// A gradient beside its difference quotients.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Its name, such as `dw`.
    pub name: String,
    /// The values from the backward pass with the mistake.
    pub backward: Vec<f64>,
    /// The difference quotients.
    pub quotients: Vec<f64>,
    /// The number of columns.
    columns: usize,
}

impl Compared {
    /// Returns true if the gradient is right.
    #[must_use]
    pub fn is_right(&self) -> bool {
        compare(&self.name, &self.backward, &self.quotients).error <= TOLERANCE
    }

    fn name_of(&self, place: usize) -> String {
        Value::matrix(&self.backward, self.columns).name_of(&self.name, place)
    }
}

/// Different numbers of two decimals from −1 to 1, without 0. Pooling needs different numbers.
fn short_numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    for number in numbers(20 * count + 200, seed) {
        let number = (100.0 * number).round() / 100.0;
        if found.len() < count && number != 0.0 && !found.contains(&number) {
            found.push(number);
        }
    }
    found
}

impl Mystery {
    /// All mistakes that a mystery can have.
    pub fn mistakes() -> impl Iterator<Item = &'static Mistake> {
        seen().filter(|mistake| matches!(mistake.plant, Plant::Layer(_)))
    }

    /// Returns the mystery of a seed.
    ///
    /// # Errors
    /// If a layer does not accept its shape.
    pub fn new(seed: u64) -> Result<Self, Error> {
        let place = Random::new(seed, 0).below(Self::mistakes().count());
        let mistakes: Vec<_> = Self::mistakes().collect();
        Self::with(mistakes[place], seed)
    }

    /// Returns the mystery with this mistake. The seed determines the numbers.
    ///
    /// # Errors
    /// If a layer does not accept its shape, or if the mistake is not in a layer.
    pub fn with(mistake: &'static Mistake, seed: u64) -> Result<Self, Error> {
        let Plant::Layer(pair) = mistake.plant else {
            return Err(Error::NoSuchMistake { name: mistake.name.into(), known: super::list().trim_end().into() });
        };
        let Pair { right, wrong, input, forward } = pair(Size::Small)?;
        let params = right.params();
        let (inputs, outputs) =
            (input.iter().product::<usize>(), right.output_shape(&input)?.iter().product::<usize>());
        let theta = short_numbers(params.iter().map(|param| param.len()).sum(), seed.wrapping_mul(3));
        let x = short_numbers(ROWS * inputs, seed.wrapping_mul(3).wrapping_add(1));
        let dy = short_numbers(ROWS * outputs, seed.wrapping_mul(3).wrapping_add(2));
        let found = gradients(&*wrong, &theta, &x, &dy, ROWS, 1);
        let of_x = quotients(&x, |x| loss(&*wrong, &theta, x, &dy, ROWS));
        let of_theta = quotients(&theta, |theta| loss(&*wrong, theta, &x, &dy, ROWS));

        let mut values = vec![("x", Value::matrix(&x, inputs))];
        let mut gradients = vec![Compared { name: "dx".into(), backward: found.dx, quotients: of_x, columns: inputs }];
        let mut start = 0;
        for param in &params {
            let (places, columns) = (start..start + param.len(), param.shape.last().copied().unwrap_or(1));
            values.push((param.name, Value::matrix(&theta[places.clone()], columns)));
            gradients.push(Compared {
                name: format!("d{}", param.name),
                backward: found.dtheta[places.clone()].to_vec(),
                quotients: of_theta[places.clone()].to_vec(),
                columns,
            });
            start = places.end;
        }
        values.push(("y", Value::matrix(&found.y, outputs)));
        values.push(("dy", Value::matrix(&dy, outputs)));
        let layer = format!("{}, samples of {}", right.describe(), sizes(&input));
        Ok(Self { mistake, layer, forward, values, gradients })
    }

    /// Returns the mystery as text. `reveal` adds the solution.
    #[must_use]
    pub fn text(&self, reveal: bool) -> String {
        let mut text = format!(
            "A mistake is planted in the backward pass of this layer:\n  {}\n  {}\n  {ROWS} samples, one per row; L = \
             Σ dy ⊙ y, plus the penalty if there is one\n\nThe numbers:\n",
            self.layer, self.forward
        );
        for (name, value) in &self.values {
            let columns = value.columns.unwrap_or(1);
            let rows = value.values.chunks(columns).map(|row| row.iter().map(|&v| short(v)).collect::<Vec<_>>());
            let rows: Vec<_> = rows.map(|row| row.join("  ")).collect();
            text += &format!("  {name:5} = {}\n", rows.join("\n          "));
        }
        text += &format!("\n{:10}{:>16}{:>22}{:>12}\n", "", "backward pass", "difference quotient", "ratio");
        for gradient in &self.gradients {
            for (place, (&backward, &quotient)) in gradient.backward.iter().zip(&gradient.quotients).enumerate() {
                let ratio = if quotient == 0.0 { "–".into() } else { format!("{:.4}", backward / quotient) };
                let name = format!("  {}", gradient.name_of(place));
                text += &format!("{name:10}{backward:>16.8}{quotient:>22.8}{ratio:>12}\n").replace('-', "−");
            }
        }
        let verdict = |gradient: &Compared| {
            format!("{} is {}", gradient.name, if gradient.is_right() { "right" } else { "wrong" })
        };
        text += &format!("\n{}.\n", self.gradients.iter().map(verdict).collect::<Vec<_>>().join(", "));
        let Mistake { name, says, right, wrong, .. } = self.mistake;
        text + &match reveal {
            true => {
                format!(
                    "{}\n  right    {right}\n  planted  {wrong}",
                    wrap(&format!("The mistake is {name}: {says}."), 0, 2)
                )
            }
            false => {
                "Which formula of the backward pass is wrong, and how? Compute one of the wrong values by hand.".into()
            }
        }
    }

    /// Returns the mystery as JSON. `reveal` adds the solution.
    #[must_use]
    pub fn json(&self, reveal: bool) -> Json {
        let values: serde_json::Map<_, _> =
            self.values.iter().map(|(name, value)| (name.to_string(), json!(value.values))).collect();
        let gradient = |of: &Compared| {
            let Compared { name, backward, quotients, .. } = of;
            json!({ "name": name, "backward": backward, "quotients": quotients, "right": of.is_right() })
        };
        let gradients: Vec<_> = self.gradients.iter().map(gradient).collect();
        let Mistake { name, says, right, wrong, .. } = self.mistake;
        let solution = reveal.then(|| json!({ "name": name, "says": says, "right": right, "planted": wrong }));
        json!({
            "layer": self.layer,
            "forward": self.forward,
            "values": values,
            "gradients": gradients,
            "mistake": solution,
        })
    }
}
