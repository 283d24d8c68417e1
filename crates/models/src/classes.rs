//! Checks of what a classifier has beside an encoder: the names of its classes, and its head.

use std::collections::HashSet;

use handgrad_layers::LossKind;

use crate::{Error, Part, Spec};

/// Refuses classes that are not at least two different ones, and classes in a network that is not a classifier.
pub(crate) fn check_classes(spec: &Spec, part: Part) -> Result<(), Error> {
    let classes = &spec.classes;
    if part != Part::Classifier {
        return if classes.is_empty() { Ok(()) } else { Err(Error::IsClassifier) };
    }
    let mut seen = HashSet::new();
    match (classes.len(), classes.iter().find(|class| !seen.insert(class.as_str()))) {
        (0, _) => Err(Error::Classes { problem: "there are no classes".into() }),
        (1, _) => Err(Error::Classes { problem: format!("there is only the class {}", classes[0]) }),
        (_, Some(twice)) => Err(Error::Classes { problem: format!("the class {twice} is named twice") }),
        (_, None) => Ok(()),
    }
}

/// Refuses a head whose output, of the given shape, is not one logit for each class.
pub(crate) fn check_head(spec: &Spec, output: &[usize]) -> Result<(), Error> {
    let (outputs, classes) = (output.iter().product(), spec.classes.len());
    match outputs == classes && spec.loss == LossKind::CrossEntropy {
        true => Ok(()),
        false => Err(Error::Head { outputs, classes, loss: spec.loss.in_words() }),
    }
}
