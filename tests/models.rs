//! Specifications, networks and the model file.

use handgrad_layers::{Activation, LossKind, Output};
use handgrad_models::{Error, LayerSpec, Network, Part, Spec, basic, deep, file, variational};
use safetensors::SafeTensors;
use sha2::{Digest, Sha256};

fn deep_spec() -> Spec {
    deep::spec(&[4, 3], &[7, 5], Activation::Relu, Activation::Sigmoid, LossKind::Bce)
}

#[test]
fn parameter_counts_are_those_of_the_slides() {
    let count = |spec: &Spec| Network::<f32>::new(spec).expect("fits").param_count();
    assert_eq!(count(&basic::spec(&[784], 32, LossKind::Bce)), 50_992);
    assert_eq!(count(&basic::spec(&[784], 64, LossKind::Mse)), 101_200);
    let deep = deep::spec(&[28, 28], &[128, 64, 32], Activation::Relu, Activation::Sigmoid, LossKind::Bce);
    assert_eq!(count(&deep), 222_384);
    let widths: Vec<_> = (0..=6).map(|at| Network::<f32>::new(&deep).expect("fits").width(at)).collect();
    assert_eq!(widths, [784, 128, 64, 32, 64, 128, 784], "mirrored");
}

#[test]
fn a_deep_autoencoder_of_one_layer_is_the_basic_one() {
    let deep = deep::spec(&[784], &[32], Activation::Relu, Activation::Sigmoid, LossKind::Bce);
    assert_eq!(deep, basic::spec(&[784], 32, LossKind::Bce));
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
    let relu = deep::spec(&[12], &[5], Activation::Relu, Activation::Relu, LossKind::Bce);
    let error = Network::<f32>::new(&relu).map(|_| ()).expect_err("cross-entropy of a ReLU");
    assert!(matches!(error, Error::BceWithoutSigmoid { activation: "relu" }), "{error}");
}

fn model() -> (Network<f32>, Vec<f32>, Vec<u8>) {
    let network = Network::new(&deep_spec()).expect("fits");
    let theta = network.init(5);
    let bytes = file::encode(&network, &theta).expect("encodes");
    (network, theta, bytes)
}

#[test]
fn a_model_file_gives_back_the_network_and_every_bit_of_its_weights() {
    let (network, theta, bytes) = model();
    let (again, weights) = file::decode(&bytes).expect("decodes");
    assert_eq!((again.spec(), &weights), (network.spec(), &theta));
}

/// The names and the orientation of `torch.nn.Sequential(Linear, ReLU, Linear, ReLU, Linear, ReLU, Linear, Sigmoid)`;
/// `tests/reference/load_model.py` loads a model there.
#[test]
fn tensors_are_named_and_turned_as_pytorch_has_them() {
    let (_, theta, bytes) = model();
    let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut names: Vec<_> = tensors.names();
    names.sort_unstable();
    assert_eq!(names, ["0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight", "6.bias", "6.weight"]);
    let weight = tensors.tensor("0.weight").expect("there");
    assert_eq!(weight.shape(), [7, 12], "units × inputs");
    let value = |unit: usize, input: usize| {
        let at = (unit * 12 + input) * 4;
        f32::from_le_bytes(weight.data()[at..at + 4].try_into().expect("four bytes"))
    };
    for (unit, input) in [(0, 0), (3, 10), (6, 11)] {
        assert_eq!(value(unit, input), theta[input * 7 + unit]);
    }
}

/// Files of every sort, a whole model and parts, as `name, bytes`.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = |spec: &Spec, part| {
        let network = Network::new(spec).expect("fits");
        let (network, theta) = network.split(part, &network.init(5)).expect("it is whole");
        file::encode(&network, &theta).expect("encodes")
    };
    let tied = deep::tied(&[4, 3], &[5], Activation::Relu, Activation::Sigmoid, LossKind::Bce);
    let vae = variational::dense_spec(&[4, 3], &[3], 2, 0.5, Activation::Sigmoid, LossKind::Bce);
    vec![
        ("whole", model().2),
        ("encoder", encoded(&deep_spec(), Part::Encoder)),
        ("decoder", encoded(&deep_spec(), Part::Decoder)),
        ("tied", encoded(&tied, Part::Whole)),
        ("tied decoder", encoded(&tied, Part::Decoder)),
        ("variational", encoded(&vae, Part::Whole)),
        ("variational decoder", encoded(&vae, Part::Decoder)),
    ]
}

#[test]
fn no_truncation_and_no_flipped_bit_of_a_model_file_is_accepted() {
    for (name, bytes) in files() {
        assert!(file::decode(&bytes).is_ok(), "{name}");
        for length in 0..bytes.len() {
            assert!(file::decode(&bytes[..length]).is_err(), "{name} cut to {length} bytes");
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let byte = bytes[bit / 8] as char;
            assert!(file::decode(&damaged).is_err(), "{name}: bit {bit} of byte {byte:?} was flipped and accepted");
        }
        assert!(file::decode(&[&bytes[..], b"x"].concat()).is_err(), "{name}: trailing bytes");
    }
}

/// A file with its text changed, and the length in front put right.
fn with_text(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (length, rest) = bytes.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
    let text = std::str::from_utf8(&rest[..length]).expect("the header is text");
    assert!(text.contains(from), "{from:?} is not in {text}");
    let text = text.replacen(from, to, 1);
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &rest[length..]].concat()
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let (network, mut theta, _) = model();
    theta[3] = f32::NAN;
    let bytes = file::encode(&network, &theta).expect("encodes");
    let said = file::decode(&bytes).map(|_| ()).expect_err("refused").to_string();
    assert!(said.contains("tensor 0.weight has NaN"), "{said}");
}

#[test]
fn a_newer_format_is_told_apart_from_damage() {
    let newer = with_text(&model().2, "format = 2", "format = 7");
    assert!(matches!(file::decode(&newer), Err(Error::TooNew { found: 7, newest: 2 })));
    for format in ["format = 0", "format = -1", "format = \\\"2\\\"", "formal = 2"] {
        assert!(
            matches!(file::decode(&with_text(&model().2, "format = 2", format)), Err(Error::Damaged(_))),
            "{format}"
        );
    }
}

/// A file as the first format had it, written by a handgrad of that time.
#[test]
fn the_first_format_is_still_read() {
    let bytes = include_bytes!("fixtures/format-1.safetensors");
    let (network, theta) = file::decode(bytes).expect("decodes");
    assert_eq!((network.spec(), network.part()), (&deep_spec(), Part::Whole));
    assert_eq!(file::weights_sha256(&theta), "1b6e9f7128975246c8a68cd205431cdcb7f5db977d249731be960312cf5a1306");
    assert_eq!(theta, network.init(5));
}

/// Files that are well formed but lie.
#[test]
fn parts_that_are_not_what_they_claim_are_refused() {
    let [_, (_, encoder), (_, decoder), ..] = &files()[..] else { panic!("there are seven files") };
    let says = |bytes: &[u8]| file::decode(bytes).map(|_| ()).expect_err("refused").to_string();
    let (is_encoder, is_decoder) = ("part = \\\"encoder\\\"", "part = \\\"decoder\\\"");
    assert!(says(&with_text(encoder, is_encoder, is_decoder)).contains("0.weight"), "other shapes");
    assert!(says(&with_text(decoder, is_decoder, "part = \\\"whole\\\"")).contains("tensors"), "too few");
    assert!(says(&with_text(encoder, is_encoder, "part = \\\"half\\\"")).contains("damaged"));
    // The first format has no parts, and the second one states its specification's SHA-256.
    let first = with_text(encoder, "format = 2", "format = 1");
    assert!(says(&first).contains("not those of format 1"));
    let at = |text: &str| encoder.windows(text.len()).position(|window| window == text.as_bytes()).expect("there");
    let digest = String::from_utf8_lossy(&encoder[at("model_sha256")..][..83]).into_owned();
    assert!(says(&with_text(encoder, &digest, "")).contains("not those of format 2"));
    assert!(says(&with_text(&first, &digest, "")).contains("not those of format 1"));
    // The specification of the other part is looked at too.
    assert!(says(&with_text(encoder, "units = 12", "units = 13")).contains("its specification has SHA-256"));

    // With a SHA-256 that is right, a specification that is not.
    let hostile = |number: usize, from: &str, to: &str| {
        let (name, bytes) = &files()[number];
        let text = file::decode(&with_model(bytes, from, to)).map(|_| ()).expect_err(name).to_string();
        format!("{name}: {text}")
    };
    for (text, word) in [
        (hostile(1, "units = 12", "units = 13"), "gives back 13 values"),
        (
            hostile(1, "[[model.encoder]]", &("[[model.encoder]]\n".to_string() + &DENSE.repeat(3))),
            "describes 5 layers",
        ),
        (hostile(1, "units = 5", "units = 1099511627776"), "2³⁰"),
        (hostile(2, "units = 5", "units = 6"), "tensor 0.weight is F32 [7, 5]"),
        (hostile(3, "mirrors = 0", "mirrors = 1"), "has 1 dense layers"),
        (hostile(4, "mirrors = 0", "mirrors = 18446744073709551615"), "damaged"),
        (hostile(6, "latent_dim = 2", "latent_dim = 3"), "Reparameterize 6 → 3"),
        (hostile(6, "beta = 0.5", "beta = nan"), "beta"),
    ] {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

const DENSE: &str = "layer = \"dense\"\nunits = 12\nactivation = \"relu\"\ninit = \"he-normal\"\n\n[[model.encoder]]\n";

/// A file with its specification changed, and the SHA-256 of that put right.
fn with_model(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    let text = header["__metadata__"]["handgrad"].as_str().expect("text");
    let (head, model) = text.split_at(text.find("[model]").expect("a specification"));
    assert!(model.contains(from), "{from:?} is not in {model}");
    let sha256 = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let changed = model.replacen(from, to, 1);
    let text = head.replace(&sha256(model), &sha256(&changed)) + &changed;
    header["__metadata__"]["handgrad"] = text.into();
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]].concat()
}

/// An image that comes back in another shape, and sizes that no machine has, are told before anything is allocated.
#[test]
fn convolutional_networks_that_do_not_fit_are_refused() {
    use handgrad_layers::{Activation, LossKind, Padding};
    use handgrad_models::{LayerSpec, convolutional, variational};
    let error = |spec: &Spec| Network::<f32>::new(spec).expect_err("refused").to_string();
    let pooled = |input: &[usize]| convolutional::pooled(input, Activation::Sigmoid, LossKind::Bce);
    for input in [[16, 9], [8, 2], [30, 30]] {
        assert!(error(&pooled(&input)).contains("gives back images of shape"), "{input:?}");
    }
    assert!(Network::<f32>::new(&pooled(&[20, 12])).is_ok());
    let strided = |input: &[usize]| convolutional::strided(input, &[4, 3], Activation::Sigmoid, LossKind::Bce);
    assert!(error(&strided(&[30, 30])).contains("32, 32") && Network::<f32>::new(&strided(&[3, 32, 32])).is_ok());
    // Which layer, and what would fit.
    let said = error(&strided(&[30, 30]));
    assert!(said.contains("Conv2d 4 → 3, 3×3, stride 2, relu makes 3×8×8 of 4×15×15"), "{said}");
    assert!(said.contains("images of 28×28 or 32×32 would fit"), "{said}");
    let said = error(&pooled(&[30, 30]));
    assert!(said.contains("makes 8×8×8 of 8×15×15") && said.contains("28×28 or 36×36 would fit"), "{said}");
    let conv_vae = variational::conv_spec(&[30, 30], 2, 1.0, Activation::Sigmoid, LossKind::Bce);
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
    let vae = variational::dense_spec(&[784], &[4], usize::MAX / 2 + 2, 1.0, Activation::Sigmoid, LossKind::Bce);
    assert!(error(&vae).contains("values"));
}

#[test]
fn sequence_networks_that_do_not_fit_are_refused() {
    use handgrad_models::sequence::{self, Cell, Recurrent};
    let error = |spec: &Spec| Network::<f32>::new(spec).expect_err("refused").to_string();
    let (sigmoid, bce) = (Activation::Sigmoid, LossKind::Bce);
    let lstm = |input: &[usize]| sequence::autoencoder(input, Cell::Lstm, 4, false, sigmoid, bce);
    assert!(error(&lstm(&[3, 28, 28])).contains("needs sequences of steps × values"));
    assert!(error(&lstm(&[])).contains("needs sequences of steps × values"));
    let change = |change: fn(&mut Recurrent), decoder: bool| {
        let mut spec = lstm(&[5, 3]);
        let layers = if decoder { &mut spec.decoder } else { &mut spec.encoder };
        let LayerSpec::Recurrent(recurrent) = &mut layers[0] else { unreachable!("the first layer is recurrent") };
        change(recurrent);
        error(&spec)
    };
    assert!(change(|r| r.return_sequences = true, false).contains("takes one vector a sample"));
    assert!(change(|r| r.repeat = None, true).contains("needs sequences"));
    assert!(change(|r| r.repeat = Some(0), true).contains("steps"));
    assert!(change(|r| r.repeat = Some(4), true).contains("gives back"));
    assert!(change(|r| r.repeat = Some(usize::MAX), true).contains("memory"));
    assert!(change(|r| (r.units, r.bidirectional) = (usize::MAX, true), false).contains("memory"));
    assert!(change(|r| r.units = 0, false).contains("units"));
    assert!(change(|r| r.truncate_every = Some(0), false).contains("truncate_every"));
    let mut video = lstm(&[5, 3]);
    video.encoder[0] = LayerSpec::ConvLstm {
        filters: 2,
        kernel_size: 3,
        return_sequences: true,
        truncate_every: None,
        init: handgrad_layers::Init::XavierUniform,
    };
    assert!(error(&video).contains("needs sequences of images"));
}

/// The names and the orientation of `torch.nn.LSTM` and `torch.nn.Linear`, one after another.
#[test]
fn tensors_of_recurrent_networks_are_named_and_turned_as_pytorch_has_them() {
    use handgrad_models::sequence::{self, Cell};
    let spec = sequence::autoencoder(&[6, 3], Cell::Lstm, 4, true, Activation::Sigmoid, LossKind::Bce);
    let network = Network::<f32>::new(&spec).expect("fits");
    let theta = network.init(5);
    let bytes = file::encode(&network, &theta).expect("encodes");
    let (again, weights) = file::decode(&bytes).expect("decodes");
    assert_eq!((again.spec(), &weights), (network.spec(), &theta));
    let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut names: Vec<_> = tensors.names().into_iter().map(str::to_string).collect();
    names.sort_unstable();
    let parts = ["bias_hh_l0", "bias_hh_l0_reverse", "bias_ih_l0", "bias_ih_l0_reverse"];
    let parts =
        parts.into_iter().chain(["weight_hh_l0", "weight_hh_l0_reverse", "weight_ih_l0", "weight_ih_l0_reverse"]);
    let parts: Vec<_> = parts.collect();
    let expected = [0, 1].into_iter().flat_map(|at| parts.iter().map(move |part| format!("{at}.{part}")));
    assert_eq!(names, expected.chain(["2.bias".into(), "2.weight".into()]).collect::<Vec<_>>());
    let shape = |name: &str| tensors.tensor(name).expect("there").shape().to_vec();
    assert_eq!((shape("0.weight_ih_l0"), shape("1.weight_ih_l0_reverse")), (vec![16, 3], vec![16, 8]));
    assert_eq!(
        (shape("0.weight_hh_l0"), shape("0.bias_hh_l0"), shape("2.weight")),
        (vec![16, 4], vec![16], vec![3, 8])
    );
    // The forget gate's bias starts at 1: b_ih comes after w_ih and w_hh.
    assert_eq!(theta[3 * 16 + 4 * 16..][..16], [[0.0; 4], [1.0; 4], [0.0; 4], [0.0; 4]].concat());
}

/// A series of one value a step, and every kind of cell, through training, file and back.
#[test]
fn sequence_networks_learn() {
    use handgrad_models::sequence::{self, Cell};
    let jordan =
        Cell::Jordan { outputs: 6, activation: Activation::Tanh, output_activation: Activation::Tanh, hybrid: true };
    // Sine waves of all phases.
    let (rows, steps) = (64, 12);
    let wave = |at: usize| 0.5 + 0.4 * ((at / steps) as f32 / 5.0 + (at % steps) as f32 / 2.0).sin();
    let values = ndarray::Array2::from_shape_fn((rows, steps), |(row, step)| wave(row * steps + step));
    let values = handgrad_dataset::Values::Floats(values);
    let samples = handgrad_dataset::Samples { values, shape: vec![steps], labels: None };
    let source = handgrad_trainer::Source::new(&samples);
    for cell in [Cell::Lstm, Cell::GRU, Cell::ELMAN, jordan] {
        let (linear, mse) = (Activation::Linear, LossKind::Mse);
        let specs = [
            sequence::autoencoder(&[steps], cell, 6, false, linear, mse),
            sequence::autoencoder(&[steps], cell, 6, true, linear, mse),
            sequence::next_step(&[steps], cell, 6, linear, mse),
        ];
        for spec in specs {
            let network = Network::<f32>::new(&spec).expect("fits");
            let mut trainer = handgrad_trainer::Trainer::new(network, handgrad_tests::ADAM, 16, 0);
            let first = trainer.evaluate(&source).expect("fits");
            for epoch in 0..120 {
                let mut order = vec![0; rows];
                handgrad_trainer::shuffled(0, epoch, &mut order);
                order.chunks(16).for_each(|batch| {
                    trainer.step(&source, batch);
                });
            }
            // The mean wave has 0.08, a sixth of the loss at the start.
            let last = trainer.evaluate(&source).expect("fits");
            assert!(last < 0.02 && last < first / 5.0, "{cell:?}: {first} to {last}");
            let bytes = file::encode(trainer.network(), trainer.theta()).expect("encodes");
            assert_eq!(file::decode(&bytes).expect("decodes").1, trainer.theta());
        }
    }
}
