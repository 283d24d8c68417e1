//! Specifications and networks.

use std::collections::BTreeMap;

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Activation, Init, LossKind, Noise, Output, Padding};
use handgrad_models::{
    Basic, ConvVae, Deep, Error, LayerSpec, Network, NextStep, PooledConv, PooledStridedConv, SequenceAutoencoder,
    Spec, StridedConv, Vae, builders, file,
};
use handgrad_models::{Cell, Recurrent};
use handgrad_tests::{ADAM, IMAGE, JORDAN, OTHER_GRU, conv_lstms, deep_spec, numbers, training};
use handgrad_trainer::{Source, Trainer, Training, shuffled};
use ndarray::Array2;

#[test]
fn parameter_counts_are_those_of_the_slides() {
    let count = |spec: &Spec| Network::<f32>::new(spec).expect("fits").param_count();
    assert_eq!(count(&Basic { units: 32, ..Basic::default() }.spec(&[784])), 50_992);
    assert_eq!(count(&Basic { units: 64, loss: LossKind::Mse }.spec(&[784])), 101_200);
    let deep = Deep { layers: vec![128, 64, 32], ..Deep::default() }.spec(&[28, 28]);
    assert_eq!(count(&deep), 222_384);
    let widths: Vec<_> = (0..=6).map(|at| Network::<f32>::new(&deep).expect("fits").width(at)).collect();
    assert_eq!(widths, [784, 128, 64, 32, 64, 128, 784], "mirrored");
}

#[test]
fn a_deep_autoencoder_of_one_layer_is_the_basic_one() {
    let deep = Deep { layers: vec![32], ..Deep::default() }.spec(&[784]);
    assert_eq!(deep, Basic { units: 32, ..Basic::default() }.spec(&[784]));
}

/// `fixtures/specs.toml` contains the specifications in model files of earlier versions.
#[test]
fn specifications_are_those_of_earlier_model_files() {
    let (tanh, linear, bce, mse) = (Activation::Tanh, Activation::Linear, LossKind::Bce, LossKind::Mse);
    let text = include_str!("fixtures/specs.toml");
    let mut expected: BTreeMap<String, Spec> = toml::from_str(text).expect("specifications");
    let mut check = |name: &str, spec: Spec| {
        let expected = expected.remove(name).unwrap_or_else(|| panic!("no {name} in the fixture"));
        assert_eq!(spec, expected, "{name}");
    };
    check("basic", Basic { units: 64, loss: mse }.spec(&[28, 28]));
    let (deep, loss) = (Deep { layers: vec![7, 5], ..Deep::default() }, LossKind::CrossEntropy);
    let tanh_deep = Deep { activation: tanh, output_activation: linear, loss, ..deep.clone() };
    check("deep", tanh_deep.spec(&[4, 3]));
    check("deep-tied", Deep { tied: true, ..deep }.spec(&[4, 3]));
    check("strided-conv", StridedConv { filters: vec![4, 3], output_activation: linear, loss: mse }.spec(&[3, 8, 8]));
    check("pooled-conv", PooledConv::default().spec(&[28, 28]));
    let denoiser = PooledStridedConv { filters: vec![5, 3], loss: LossKind::Mae, ..PooledStridedConv::default() };
    check("pooled-strided-conv", denoiser.spec(&[28, 28]));
    let vae = Vae { hidden_dims: vec![40, 30], latent_dim: 5, beta: 0.5, output_activation: linear, loss: mse };
    check("vae", vae.spec(&[28, 28]));
    check("conv-vae", ConvVae { latent_dim: 2, beta: 0.7, ..ConvVae::default() }.spec(&[28, 20]));
    let reader = SequenceAutoencoder { cell: JORDAN, units: 5, bidirectional: true, output_activation: linear, loss };
    check("sequence", reader.spec(&[6, 4]));
    let reader = SequenceAutoencoder { units: 6, loss: bce, ..SequenceAutoencoder::default() };
    check("sequence-of-a-series", reader.spec(&[12]));
    check("next-step", NextStep { cell: OTHER_GRU, units: 6, output_activation: linear, loss: mse }.spec(&[12]));
    let deep = Deep { layers: vec![7, 4], code_activation: Some(linear), ..Deep::default() }.spec(&[9]);
    check("deep-linear-code-masking-l1", deep.with_noise(Noise::Masking { p: 0.2 }).with_l1(0.3));
    check("basic-kl", Basic { units: 4, ..Basic::default() }.spec(&[9]).with_kl(0.1, 0.3).expect("has an activation"));
    assert!(expected.is_empty(), "not compared: {:?}", expected.keys());
}

/// The options that are not set in the examples of the builders.
#[test]
fn builders_put_each_option_in_its_place() {
    let (he, valid) = (Init::HeUniform, Padding::Valid);
    let (activation, init) = (Activation::Tanh, he);
    let conv =
        LayerSpec::Conv2d { filters: 2, kernel_size: 5, stride: 3, padding: valid, dilation: 4, activation, init };
    assert_eq!(builders::conv2d(2, 5).stride(3).padding(valid).dilation(4).init(he).tanh(), conv);
    let transposed = LayerSpec::ConvTranspose2d {
        filters: 2,
        kernel_size: 5,
        stride: 3,
        padding: valid,
        output_padding: 0,
        dilation: 4,
        activation,
        init,
    };
    assert_eq!(builders::conv_transpose2d(2, 5).stride(3).padding(valid).dilation(4).init(he).tanh(), transposed);
    assert_eq!(builders::dense(7).init(he).tanh(), LayerSpec::Dense { units: 7, activation, init });
    assert_eq!(
        builders::time_distributed(7).init(he).tanh(),
        LayerSpec::TimeDistributed { units: 7, activation, init }
    );
    let activation = Activation::Linear;
    assert_eq!(builders::tied_dense(1).linear(), LayerSpec::TiedDense { mirrors: 1, activation });
    let layer = builders::recurrent(Cell::GRU, 6).repeat(9).truncate_every(4).bidirectional(true).init(he);
    let (return_sequences, repeat, truncate_every) = (true, Some(9), Some(4));
    let (cell, bidirectional) = (Cell::GRU, true);
    let recurrent = Recurrent { cell, units: 6, return_sequences, repeat, truncate_every, bidirectional, init };
    assert_eq!(layer.return_sequences(true), LayerSpec::Recurrent(recurrent));
    let (return_sequences, truncate_every) = (false, None);
    let conv_lstm = LayerSpec::ConvLstm { filters: 2, kernel_size: 3, return_sequences, truncate_every, init };
    assert_eq!(builders::conv_lstm(2, 3).init(he).return_sequences(false), conv_lstm);
}

#[test]
fn a_sigmoid_before_cross_entropy_moves_into_the_loss() {
    let network = Network::<f32>::new(&deep_spec()).expect("fits");
    assert_eq!((network.loss().kind, network.output()), (LossKind::BceLogits, Output::Sigmoid));
    let mse = Network::<f32>::new(&Spec { loss: LossKind::Mse, ..deep_spec() }).expect("fits");
    assert_eq!((mse.loss().kind, mse.output()), (LossKind::Mse, Output::Linear));
}

#[test]
fn networks_that_do_not_fit_are_refused() {
    let refused = |change: fn(&mut Spec)| {
        let mut spec = deep_spec();
        change(&mut spec);
        Network::<f32>::new(&spec).map(|_| ()).expect_err("it does not fit")
    };
    assert!(matches!(refused(|s| s.encoder.clear()), Error::Empty("encoder", _)));
    assert!(matches!(refused(|s| s.decoder.clear()), Error::Empty("decoder", _)));
    assert!(matches!(refused(|s| s.input = vec![3, 0]), Error::Empty("input", _)));
    assert!(matches!(refused(|s| s.input = vec![5]), Error::NotAnAutoencoder { input: 5, output: 12 }));
    assert!(matches!(refused(|s| s.input = vec![usize::MAX, 3]), Error::TooLarge { .. }));
    let units = |s: &mut Spec, n| {
        let LayerSpec::Dense { units, .. } = &mut s.encoder[0] else { unreachable!("the first layer is dense") };
        *units = n;
    };
    let mut spec = deep_spec();
    units(&mut spec, usize::MAX);
    assert!(matches!(Network::<f32>::new(&spec), Err(Error::TooLarge { .. })));
    units(&mut spec, 0);
    assert!(matches!(Network::<f32>::new(&spec), Err(Error::Layer(_))));
    assert!(matches!(
        refused(|s| s.loss = LossKind::BceLogits),
        Error::LogitsThroughActivation { activation: "sigmoid", .. }
    ));
    let relu = Deep { layers: vec![5], output_activation: Activation::Relu, ..Deep::default() }.spec(&[12]);
    let error = Network::<f32>::new(&relu).map(|_| ()).expect_err("cross-entropy of a ReLU");
    assert!(matches!(error, Error::BceWithoutSigmoid { activation: "relu" }), "{error}");
}

/// An image that is reconstructed in another shape, and sizes too large for any machine, are reported before anything
/// is allocated.
#[test]
fn convolutional_networks_that_do_not_fit_are_refused() {
    let error = |spec: &Spec| Network::<f32>::new(spec).expect_err("refused").to_string();
    let pooled = |input: &[usize]| PooledConv::default().spec(input);
    for input in [[16, 9], [8, 2], [30, 30]] {
        assert!(error(&pooled(&input)).contains("gives back images of shape"), "{input:?}");
    }
    assert!(Network::<f32>::new(&pooled(&[20, 12])).is_ok());
    let strided = |input: &[usize]| {
        StridedConv { filters: vec![4, 3], loss: LossKind::Bce, ..StridedConv::default() }.spec(input)
    };
    assert!(error(&strided(&[30, 30])).contains("32, 32") && Network::<f32>::new(&strided(&[3, 32, 32])).is_ok());
    // The error names the layer and the sizes that would fit.
    let said = error(&strided(&[30, 30]));
    assert!(said.contains("Conv2d 4 → 3, 3×3, stride 2, relu makes 3×8×8 of 4×15×15"), "{said}");
    assert!(said.contains("images of 28×28 or 32×32 would fit"), "{said}");
    let said = error(&pooled(&[30, 30]));
    assert!(said.contains("makes 8×8×8 of 8×15×15") && said.contains("28×28 or 36×36 would fit"), "{said}");
    let conv_vae = ConvVae { latent_dim: 2, ..ConvVae::default() }.spec(&[30, 30]);
    assert!(error(&conv_vae).contains("images of 32×32 would fit"), "{}", error(&conv_vae));
    assert!(error(&strided(&[784])).contains("reshape them first"));
    let mut hostile = pooled(&[20, 12]);
    hostile.encoder[1] = LayerSpec::MaxPool2d { size: usize::MAX / 4 + 1 };
    assert!(error(&hostile).contains("the side of a pooling square is 4611686018427387904"), "{}", error(&hostile));
    let mut hostile = strided(&[28, 28]);
    if let LayerSpec::Conv2d { padding, .. } = &mut hostile.encoder[0] {
        *padding = Padding::Explicit(1 << 40);
    }
    assert!(error(&hostile).contains("padding"));
    let mut hostile = strided(&[28, 28]);
    if let LayerSpec::Conv2d { padding, dilation, kernel_size, .. } = &mut hostile.encoder[0] {
        (*padding, *dilation, *kernel_size) = (Padding::Explicit(65_536), 1024, 16);
    }
    assert!(error(&hostile).contains("the memory of a convolution"));
    let vae = Vae { hidden_dims: vec![4], latent_dim: usize::MAX / 2 + 2, ..Vae::default() }.spec(&[784]);
    assert!(error(&vae).contains("values"));
}

#[test]
fn sequence_networks_that_do_not_fit_are_refused() {
    let error = |spec: &Spec| Network::<f32>::new(spec).expect_err("refused").to_string();
    let bce = LossKind::Bce;
    let lstm = |input: &[usize]| SequenceAutoencoder { units: 4, loss: bce, ..Default::default() }.spec(input);
    assert!(error(&lstm(&[3, 28, 28])).contains("needs sequences of steps × values"));
    assert!(error(&lstm(&[])).contains("needs sequences of steps × values"));
    let change = |change: fn(&mut Recurrent), decoder: bool| {
        let mut spec = lstm(&[5, 3]);
        let layers = if decoder { &mut spec.decoder } else { &mut spec.encoder };
        let LayerSpec::Recurrent(recurrent) = &mut layers[0] else { unreachable!("the first layer is recurrent") };
        change(recurrent);
        error(&spec)
    };
    assert!(change(|r| r.return_sequences = true, false).contains("needs one vector for each sample"));
    assert!(change(|r| r.repeat = None, true).contains("needs sequences"));
    assert!(change(|r| r.repeat = Some(0), true).contains("steps"));
    // The error names both shapes and does not blame a layer that is correct.
    let said = change(|r| r.repeat = Some(7), true);
    assert!(
        said.contains("gives back samples of shape [7, 3], but takes [5, 3]") && said.contains("`repeat`"),
        "{said}"
    );
    let mut narrow = lstm(&[5, 3]);
    if let LayerSpec::TimeDistributed { units, .. } = &mut narrow.decoder[1] {
        *units = 2;
    }
    for said in [said, error(&narrow)] {
        let about_images = ["image", "divide", "TimeDistributed", "pooling"];
        assert!(said.contains("units") && !about_images.iter().any(|word| said.contains(word)), "{said}");
    }
    assert!(change(|r| r.repeat = Some(usize::MAX), true).contains("memory"));
    assert!(change(|r| (r.units, r.bidirectional) = (usize::MAX, true), false).contains("memory"));
    assert!(change(|r| r.units = 0, false).contains("units"));
    assert!(change(|r| r.truncate_every = Some(0), false).contains("truncate_every"));
    let mut video = lstm(&[5, 3]);
    video.encoder[0] = builders::conv_lstm(2, 3).return_sequences(true);
    assert!(error(&video).contains("needs sequences of images"));
}

/// Videos with and without an axis for their channels. The same number of values in another order is a different
/// video.
#[test]
fn videos_come_back_in_the_shape_they_had() {
    let network = |input: &[usize], filters: [usize; 2], reshape: Option<&[usize]>| {
        let conv_lstm = |filters| match conv_lstms(IMAGE, None).encoder.remove(1) {
            LayerSpec::ConvLstm { kernel_size, return_sequences, truncate_every, init, .. } => {
                LayerSpec::ConvLstm { filters, kernel_size, return_sequences, truncate_every, init }
            }
            other => other,
        };
        let [encoder, mut decoder] = filters.map(|filters| vec![conv_lstm(filters)]);
        decoder.extend(reshape.map(|shape| LayerSpec::Reshape { shape: shape.to_vec() }));
        Network::<f32>::new(&Spec { input: input.to_vec(), encoder, decoder, ..conv_lstms(IMAGE, None) }).map(|_| ())
    };
    for (input, channels) in [(&[4, 7, 28][..], 1), (&[4, 1, 7, 28], 1), (&[1, 7, 28], 1), (&[4, 3, 7, 28], 3)] {
        network(input, [2, channels], None).expect("fits");
        let error = network(input, [2, 2], None).expect_err("two channels come back").to_string();
        assert!(error.contains("gives back samples of shape") && error.contains("filters"), "{error}");
    }
    for (input, channels, reshape) in [
        (&[4, 1, 7, 28][..], 1, &[1, 28, 4, 7][..]),
        (&[4, 1, 7, 28], 1, &[7, 4, 28]),
        (&[1, 3, 7, 28], 3, &[3, 1, 7, 28]),
        (&[4, 7, 28], 1, &[1, 4, 1, 28, 7]),
    ] {
        let error = network(input, [2, channels], Some(reshape)).expect_err("another order").to_string();
        assert!(error.contains("gives back samples of shape"), "{error}");
    }
    network(&[4, 1, 7, 28], [2, 1], Some(&[4, 7, 28])).expect("fits");
    network(&[1, 1, 7, 28], [2, 1], Some(&[7, 28])).expect("fits");
}

/// x̂_t depends on x₁ … x_{t−1} only: if x_t changes, x̂₁ … x̂_t keep their bits, and x̂_{t+1} does not.
#[test]
fn the_next_step_is_foretold_from_those_before_it() {
    let (steps, width) = (6, 2);
    for cell in [Cell::Lstm, Cell::GRU, Cell::ELMAN, JORDAN, OTHER_GRU] {
        let spec = NextStep { cell, units: 5, output_activation: Activation::Linear, loss: LossKind::Mse }
            .spec(&[steps, width]);
        let settings = Training { seed: 4, ..training(ADAM, 1) };
        let trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &settings).expect("fits");
        let foretold = |x: &[f32]| {
            let values = Values::Floats(Array2::from_shape_vec((1, x.len()), x.to_vec()).expect("a row"));
            let samples = Samples { values, shape: vec![steps, width], labels: None, places: None };
            trainer.predict(&Source::new(&samples), &[0]).expect("fits").into_raw_vec_and_offset().0
        };
        let x = numbers(steps * width, 1);
        let before = foretold(&x);
        for t in 0..steps {
            let mut moved = x.clone();
            moved[t * width] += 0.5;
            let after = foretold(&moved);
            let differs: Vec<_> =
                (0..steps).map(|t| before[t * width..][..width] != after[t * width..][..width]).collect();
            assert_eq!(differs[..=t], vec![false; t + 1], "{cell:?}, step {t}");
            assert!(t + 1 == steps || differs[t + 1], "{cell:?}, step {t}");
        }
    }
}

/// The output of a recurrent layer has passed activations that feed back, so a loss cannot replace them, and no
/// logits come out. A reshape after the layer does not change this.
#[test]
fn losses_of_logits_are_refused_behind_recurrent_layers() {
    let (sigmoid, tanh, linear) = (Activation::Sigmoid, Activation::Tanh, Activation::Linear);
    let jordan = Cell::Jordan { outputs: 3, activation: tanh, output_activation: sigmoid, hybrid: true };
    let reshape = LayerSpec::Reshape { shape: vec![5, 3] };
    for cell in [Cell::Elman { activation: sigmoid }, Cell::ELMAN, jordan, Cell::Lstm, Cell::GRU] {
        let mut spec =
            SequenceAutoencoder { cell, units: 3, output_activation: linear, ..Default::default() }.spec(&[5, 3]);
        spec.decoder.truncate(1);
        for layers_behind in [vec![], vec![reshape.clone()]] {
            spec.decoder.extend(layers_behind);
            for loss in [LossKind::Bce, LossKind::BceLogits, LossKind::CrossEntropy] {
                let error = Network::<f32>::new(&Spec { loss, ..spec.clone() }).expect_err("refused").to_string();
                assert!(error.contains("the last layer is recurrent"), "{cell:?}, {loss:?}: {error}");
            }
            for loss in [LossKind::Mse, LossKind::Mae] {
                assert!(Network::<f32>::new(&Spec { loss, ..spec.clone() }).is_ok(), "{cell:?}, {loss:?}");
            }
        }
    }
    assert!(Network::<f32>::new(&Spec { loss: LossKind::BceLogits, ..conv_lstms(IMAGE, None) }).is_err());
    // For a layer whose activation can be moved into the loss, a reshape after it does not prevent this.
    let mut spec = deep_spec();
    spec.decoder.push(LayerSpec::Reshape { shape: vec![4, 3] });
    assert_eq!(Network::<f32>::new(&spec).expect("fits").loss().kind, LossKind::BceLogits);
    let error = Network::<f32>::new(&Spec { loss: LossKind::BceLogits, ..spec }).expect_err("refused");
    assert!(matches!(error, Error::LogitsThroughActivation { activation: "sigmoid", .. }), "{error}");
}

/// A series with one value per step, and every kind of cell: training, saving and loading.
#[test]
fn sequence_networks_learn() {
    let jordan =
        Cell::Jordan { outputs: 6, activation: Activation::Tanh, output_activation: Activation::Tanh, hybrid: true };
    // Sine waves with different phases.
    let (rows, steps) = (64, 12);
    let wave = |at: usize| 0.5 + 0.4 * ((at / steps) as f32 / 5.0 + (at % steps) as f32 / 2.0).sin();
    let values = Array2::from_shape_fn((rows, steps), |(row, step)| wave(row * steps + step));
    let values = Values::Floats(values);
    let samples = Samples { values, shape: vec![steps], labels: None, places: None };
    let source = Source::new(&samples);
    for cell in [Cell::Lstm, Cell::GRU, Cell::ELMAN, jordan] {
        let linear = Activation::Linear;
        let specs = [
            SequenceAutoencoder { cell, units: 6, output_activation: linear, ..Default::default() }.spec(&[steps]),
            SequenceAutoencoder {
                cell,
                units: 6,
                bidirectional: true,
                output_activation: linear,
                ..Default::default()
            }
            .spec(&[steps]),
            NextStep { cell, units: 6, output_activation: linear, ..NextStep::default() }.spec(&[steps]),
        ];
        for spec in specs {
            let network = Network::<f32>::new(&spec).expect("fits");
            let mut trainer = Trainer::new(network, &training(ADAM, 16)).expect("fits");
            let first = trainer.evaluate(&source).expect("fits").loss;
            for epoch in 0..120 {
                let mut order = vec![0; rows];
                shuffled(0, epoch, &mut order);
                order.chunks(16).for_each(|batch| {
                    trainer.step(&source, batch);
                });
            }
            // The mean wave has an error of 0.08, a sixth of the loss at the start.
            let last = trainer.evaluate(&source).expect("fits").loss;
            assert!(last < 0.02 && last < first / 5.0, "{cell:?}: {first} to {last}");
            let bytes = file::encode(trainer.network(), trainer.theta()).expect("encodes");
            assert_eq!(file::decode(&bytes).expect("decodes").1, trainer.theta());
        }
    }
}
