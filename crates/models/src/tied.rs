//! Finds the layers that share weights, and checks that they can.

use crate::{Error, LayerSpec, Spec};

/// Returns for each layer of a network the number of the layer that it mirrors, if there is one.
pub(crate) fn mirrored(spec: &Spec) -> Result<Vec<Option<usize>>, Error> {
    let is_dense = |layer: &LayerSpec| matches!(layer, LayerSpec::Dense { .. });
    // For each dense layer of the encoder, its layer number and whether it is mirrored already.
    let mut dense: Vec<(usize, bool)> =
        (0..spec.encoder.len()).filter(|&at| is_dense(&spec.encoder[at])).map(|at| (at, false)).collect();
    let mut found: Vec<Option<usize>> = Vec::new();
    for (number, layer) in spec.layers().enumerate() {
        let LayerSpec::TiedDense { mirrors, .. } = *layer else {
            found.push(None);
            continue;
        };
        let refused = |problem: String| Err(Error::Tied { mirrors, problem });
        if number < spec.encoder.len() {
            return refused("but is in the encoder itself: only layers of the decoder can mirror".into());
        }
        let count = dense.len();
        let Some((at, is_mirrored)) = dense.get_mut(mirrors) else {
            return refused(format!("but the encoder has {count} dense layers: choose one of them"));
        };
        if std::mem::replace(is_mirrored, true) {
            return refused("which another layer mirrors already: tie each layer once".into());
        }
        found.push(Some(*at));
    }
    Ok(found)
}

/// Refuses samples of a different size than the output of the mirrored layer, which has the given numbers of inputs
/// and units.
pub(crate) fn check_size(mirrors: usize, [inputs, units]: [usize; 2], input: &[usize]) -> Result<(), Error> {
    let found: usize = input.iter().product();
    if found == units {
        return Ok(());
    }
    let problem = format!(
        "{inputs} → {units}, and so needs {units} values for each sample, but its input has {found}: mirror a layer of \
         {found} units, or change the layers before it"
    );
    Err(Error::Tied { mirrors, problem })
}
