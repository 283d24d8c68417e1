//! Bytes and numbers: bytes are divided by 255 and numbers are not, so a model must know which of them it was trained
//! on.

use handgrad_dataset::{Samples, Values};
use handgrad_models::ValueKind;

/// What the values of samples are.
pub(crate) fn of(samples: &Samples) -> ValueKind {
    match samples.range() {
        _ if matches!(samples.values, Values::Bytes(_)) => ValueKind::Bytes,
        (low, high) if low >= 0.0 && high <= 1.0 => ValueKind::Unit,
        _ => ValueKind::Numbers,
    }
}

/// Brings samples to the kind of values that a model was trained on, and says so. What cannot be brought to it is told.
pub(crate) fn as_trained(trained: Option<ValueKind>, samples: Samples) -> (Samples, Option<String>) {
    let (Some(trained), found) = (trained, of(&samples)) else { return (samples, None) };
    let (low, high) = samples.range();
    match (trained, &samples.values) {
        (ValueKind::Numbers, Values::Bytes(bytes)) => {
            let note = "note: the bytes are taken as numbers from 0 to 255, because the model was trained on numbers";
            (Samples { values: Values::Floats(bytes.mapv(f32::from)), ..samples }, Some(note.to_owned()))
        }
        (ValueKind::Bytes, _) if found == ValueKind::Numbers => match bytes(&samples) {
            Some(values) => {
                let note = "note: the whole numbers from 0 to 255 are divided by 255, as the bytes that the model was \
                            trained on";
                (Samples { values, ..samples }, Some(note.to_owned()))
            }
            None => {
                let note = format!(
                    "note: the values are numbers from {low} to {high}, but the model was trained on bytes divided by \
                     255, which are within 0..1; unless they are meant so, divide them by their largest possible value"
                );
                (samples, Some(note))
            }
        },
        (ValueKind::Unit, Values::Bytes(_)) => {
            let note = "note: the bytes are divided by 255, because the model was trained on numbers within 0..1";
            (samples, Some(note.to_owned()))
        }
        (ValueKind::Unit, _) if found == ValueKind::Numbers => {
            let note = format!(
                "note: the values are from {low} to {high}, but those that the model was trained on are within 0..1"
            );
            (samples, Some(note))
        }
        _ => (samples, None),
    }
}

/// Numbers as bytes. `None` if one of them is not a whole number from 0 to 255.
fn bytes(samples: &Samples) -> Option<Values> {
    let fits = |value: f64| (0.0..=255.0).contains(&value) && value.fract() == 0.0;
    match &samples.values {
        Values::Floats(values) if values.iter().all(|&value| fits(f64::from(value))) => {
            Some(Values::Bytes(values.mapv(|value| value as u8)))
        }
        _ => None,
    }
}
