//! Whether an autoencoder gives back samples of the shape that it takes.

use handgrad_layers::{Layer, Scalar, window};

use crate::{Error, LayerSpec, Spec};

/// Refuses an autoencoder whose output has another shape than its input. `shapes` are those before each layer, and
/// after the last one.
pub(crate) fn check_shape<T: Scalar>(
    spec: &Spec,
    layers: &[Box<dyn Layer<T>>],
    shapes: &[Vec<usize>],
) -> Result<(), Error> {
    let output = &shapes[layers.len()];
    // An image or a sequence must be returned with the same shape, not only with the same number of values.
    if output.len() > 1 && spec.input.len() > 1 && !is_same_shape(output, &spec.input) {
        let (input, output) = (spec.input.clone(), output.clone());
        if !spec.layers().any(LayerSpec::resizes_images) {
            return Err(Error::AnotherShape { input, output });
        }
        let rounds = (0..layers.len()).find_map(|at| rounding(&layers[at].describe(), &shapes[at..at + 2]));
        return Err(Error::AnotherImage { fit: sides_that_fit(spec), input, output, rounds });
    }
    let width = output.iter().product();
    if width != spec.features() {
        return Err(Error::NotAnAutoencoder { input: spec.features(), output: width });
    }
    Ok(())
}

/// Returns whether two shapes describe the same samples. Axes of size 1 before the last two may be missing: one
/// channel or one step.
fn is_same_shape(a: &[usize], b: &[usize]) -> bool {
    let shortest = |shape: &[usize]| {
        let (before, image) = shape.split_at(shape.len().saturating_sub(2));
        before.iter().filter(|&&dim| dim != 1).chain(image).copied().collect::<Vec<_>>()
    };
    a == b || (a.len() != b.len() && shortest(a) == shortest(b))
}

/// Describes how a layer resizes an image, if it does not divide a side of the image evenly.
fn rounding(layer: &str, shapes: &[Vec<usize>]) -> Option<String> {
    let ([_, h, w], [_, lines, columns]) = (window::chw(&shapes[0])?, window::chw(&shapes[1])?);
    let uneven = |from: usize, to: usize| to > 0 && to < from && !from.is_multiple_of(to);
    let of = |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
    (uneven(h, lines) || uneven(w, columns))
        .then(|| format!("{layer} makes {} of {}, which does not divide evenly", of(&shapes[1]), of(&shapes[0])))
}

/// Returns the sides of the nearest square images that the network gives back with the same size: at most one side up
/// to the longer side of the input, and one above it.
fn sides_that_fit(spec: &Spec) -> Vec<usize> {
    let Some([channels, h, w]) = window::chw(&spec.input) else { return Vec::new() };
    let gives_back = |side: &usize| {
        let mut shape = if spec.input.len() == 3 { vec![channels, *side, *side] } else { vec![*side; 2] };
        for layer in spec.layers() {
            let next = layer
                .build::<f32>(&shape, [0, 0], &spec.groups())
                .ok()
                .and_then(|layer| layer.output_shape(&shape).ok());
            let Some(next) = next else { return false };
            shape = next;
        }
        window::chw(&shape) == Some([channels, *side, *side])
    };
    // The strides and sizes of pooling and upsampling multiply to less than this in any useful network.
    const REACH: usize = 64;
    let side = h.max(w);
    let below = (side.saturating_sub(REACH).max(1)..=side).rev().find(gives_back);
    below.into_iter().chain((side + 1..=side.saturating_add(REACH)).find(gives_back)).collect()
}
