//! Which layers share weights, and whether they can.

use crate::{Error, LayerSpec, Spec};

/// For each layer of a network the number of the one that it mirrors, if it does.
pub(crate) fn mirrored(spec: &Spec) -> Result<Vec<Option<usize>>, Error> {
    let is_dense = |layer: &LayerSpec| matches!(layer, LayerSpec::Dense { .. });
    // Which layer each dense one of the encoder is, and whether it is mirrored.
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
            return refused("but stands in the encoder itself: only the decoder can mirror".into());
        }
        let count = dense.len();
        let Some((at, is_mirrored)) = dense.get_mut(mirrors) else {
            return refused(format!("but the encoder has {count} dense layers: name one of them"));
        };
        if std::mem::replace(is_mirrored, true) {
            return refused("which another layer mirrors already: tie each layer once".into());
        }
        found.push(Some(*at));
    }
    Ok(found)
}

/// Refuses samples of another size than the mirrored layer, of the given inputs and units, gives.
pub(crate) fn check_size(mirrors: usize, [inputs, units]: [usize; 2], input: &[usize]) -> Result<(), Error> {
    let found: usize = input.iter().product();
    if found == units {
        return Ok(());
    }
    let problem = format!(
        "{inputs} → {units}, and so takes {units} values a sample, but is given {found}: mirror a layer of {found} \
         units, or change what comes before"
    );
    Err(Error::Tied { mirrors, problem })
}
