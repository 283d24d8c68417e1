//! The layers of a network as the report's page computes them.

use handgrad_dataset::tables::{Column, Kind, Scaling, Schema};
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, Head, Output, window};
use handgrad_models::{Cell, LayerSpec, Model, Network};
use handgrad_pictures::report as page;
use handgrad_pictures::report::Layer;

/// Returns the layers of the encoder and those of the decoder.
///
/// # Errors
/// If the page has no such layer; the error names it, as the end of a sentence.
pub(super) fn layers(model: &Model) -> Result<[Vec<Layer>; 2], String> {
    let network = model.network();
    let mut specs: Vec<LayerSpec> = network.spec().layers().cloned().collect();
    // If the loss includes the last activation, the layer itself has none.
    if network.loss().kind != network.spec().loss {
        let last = specs.iter().rposition(|spec| !matches!(spec, LayerSpec::Reshape { .. })).unwrap_or(0);
        linear(&mut specs[last]);
    }
    let mut encoder = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        encoder.push(layer(network, at, spec)?);
    }
    let decoder = encoder.split_off(network.encoder_len());
    Ok([encoder, decoder])
}

fn linear(spec: &mut LayerSpec) {
    if let LayerSpec::Dense { activation, .. }
    | LayerSpec::TiedDense { activation, .. }
    | LayerSpec::Conv2d { activation, .. }
    | LayerSpec::ConvTranspose2d { activation, .. }
    | LayerSpec::TimeDistributed { activation, .. } = spec
    {
        *activation = Activation::Linear;
    }
}

fn layer(network: &Network<f32>, at: usize, spec: &LayerSpec) -> Result<Layer, String> {
    let param = |name: &str| {
        let own = network.params().iter().position(|param| param.layer == at && param.spec.name == name);
        let tied = || network.params().iter().position(|param| param.tie.as_ref().is_some_and(|tie| tie.layer == at));
        own.or_else(tied).unwrap_or(0)
    };
    let (w, b) = (param("w"), param("b"));
    let (input, output) = (network.shape(at), network.shape(at + 1));
    let image = |shape: &[usize]| window::chw(shape).ok_or_else(|| format!("layer {at} has no images"));
    let (inputs, units) = (network.width(at), network.width(at + 1));
    let steps_and_width = || match input {
        [steps, width] => [*steps, *width],
        _ => [1, inputs],
    };
    Ok(match *spec {
        LayerSpec::Dense { activation, .. } => Layer::Dense { inputs, units, activation: activation.name(), w, b },
        LayerSpec::TiedDense { activation, .. } => Layer::Tied { inputs, units, activation: activation.name(), w, b },
        LayerSpec::TimeDistributed { units, activation, .. } => {
            let [steps, inputs] = steps_and_width();
            Layer::EachStep { steps, inputs, units, activation: activation.name(), w, b }
        }
        LayerSpec::Conv2d { kernel_size, stride, padding, dilation, activation, .. } => {
            let (x, y) = (image(input)?, image(output)?);
            let before = |size: usize| padding.outputs(size, kernel_size, stride, dilation).map_or(0, |found| found.0);
            let (top, left, activation) = (before(x[1]), before(x[2]), activation.name());
            Layer::Conv2d(page::Window { x, y, kernel_size, stride, dilation, top, left, activation, w, b })
        }
        LayerSpec::ConvTranspose2d { kernel_size, stride, padding, dilation, activation, .. } => {
            // The window is that of the convolution that leads from the output back to the input.
            let (x, y) = (image(output)?, image(input)?);
            let before = |size: usize| padding.outputs(size, kernel_size, stride, dilation).map_or(0, |found| found.0);
            let (top, left, activation) = (before(x[1]), before(x[2]), activation.name());
            Layer::ConvTranspose2d(page::Window { x, y, kernel_size, stride, dilation, top, left, activation, w, b })
        }
        LayerSpec::MaxPool2d { size } => Layer::MaxPool2d { x: image(input)?, size },
        LayerSpec::Upsample2d { size } => Layer::Upsample2d { x: image(input)?, size },
        LayerSpec::Reshape { .. }
        | LayerSpec::Dropout { .. }
        | LayerSpec::Noise(_)
        | LayerSpec::ActivityL1 { .. }
        | LayerSpec::KlSparsity { .. } => Layer::Same,
        LayerSpec::Reparameterize { latent_dim, .. } => Layer::Mean { units: latent_dim },
        LayerSpec::Mask { .. } => {
            let steps = input.iter().rev().skip(1).product();
            Layer::Mask { steps, widths: network.spec().groups() }
        }
        LayerSpec::Shift => Layer::Shift { inputs: steps_and_width()[1] },
        LayerSpec::RepeatVector { steps } => Layer::Repeat { steps },
        LayerSpec::Recurrent(ref recurrent) => {
            let [steps, inputs] = recurrent.repeat.map_or_else(steps_and_width, |steps| [steps, inputs]);
            let (activation, keeps_old, reset_after) = match recurrent.cell {
                Cell::Elman { activation } => (activation, false, false),
                Cell::Lstm => (Activation::Tanh, false, false),
                Cell::Gru { update, reset } => {
                    (Activation::Tanh, update == Update::KeepsOld, reset == Reset::AfterProduct)
                }
                Cell::Jordan { .. } => return Err("the page cannot compute Jordan networks".into()),
            };
            let names = ["w_ih", "w_hh", "b_ih", "b_hh"];
            let forwards = names.map(param);
            let mut directions = vec![forwards];
            if recurrent.bidirectional {
                directions.push(names.map(|name| param(&format!("{name}_reverse"))));
            }
            Layer::Recurrent(page::Recurrent {
                cell: match recurrent.cell {
                    Cell::Lstm => "lstm",
                    Cell::Gru { .. } => "gru",
                    _ => "elman",
                },
                inputs,
                units: recurrent.units,
                steps,
                repeat: recurrent.repeat.is_some(),
                return_sequences: recurrent.return_sequences,
                activation: activation.name(),
                keeps_old,
                reset_after,
                directions,
            })
        }
        LayerSpec::ConvLstm { .. } => return Err("the page cannot compute convolutional LSTMs".into()),
    })
}

/// Returns the functions that turn the output of the last layer into the reconstruction.
pub(super) fn outputs(network: &Network<f32>) -> Vec<page::Output> {
    let Some(columns) = network.columns() else {
        return vec![page::Output { kind: network.output().name(), start: 0, len: network.spec().features() }];
    };
    let mut start = 0;
    let of = |head: &Head| {
        let (len, from) = (head.width(), start);
        start += len;
        let kind = match head {
            Head::Category { .. } => Output::Softmax,
            Head::Numbers { .. } => columns.loss.kind.output(),
        };
        page::Output { kind: kind.name(), start: from, len }
    };
    columns.heads.iter().map(of).collect()
}

/// Returns the columns of a table as the page encodes them.
pub(super) fn columns(schema: &Schema) -> Vec<page::Column> {
    schema.used().map(column).collect()
}

fn column(column: &Column) -> page::Column {
    let mut of = page::Column {
        name: column.name.clone(),
        kind: column.kind_name().name(),
        offset: 0.0,
        factor: 1.0,
        unit: 1.0,
        levels: Vec::new(),
        classes: Vec::new(),
        is_min_max: false,
        fill: column.fill,
        decimals: column.decimals,
    };
    match &column.kind {
        Kind::Number { scale } => (of.offset, of.factor) = (scale.offset, scale.factor),
        Kind::Amount { unit, scale } => (of.offset, of.factor, of.unit) = (scale.offset, scale.factor, *unit),
        Kind::Ordinal { levels, scale } => {
            (of.offset, of.factor) = (scale.offset, scale.factor);
            of.levels.clone_from(levels);
        }
        Kind::Category { classes, .. } => of.classes.clone_from(classes),
        Kind::Date { scale, scaling, .. } => {
            (of.offset, of.factor) = (scale.offset, scale.factor);
            of.is_min_max = *scaling == Scaling::MinMax;
        }
        Kind::LeftOut { .. } => {}
    }
    of
}
