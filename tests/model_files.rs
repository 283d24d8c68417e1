//! The model file.

use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, LossKind};
use handgrad_models::Cell;
use handgrad_models::{Deep, Error, LayerSpec, Network, Part, Scale, SequenceAutoencoder, Spec, Vae, file};
use handgrad_tests::{IMAGE, conv_lstms, deep_spec};
use safetensors::SafeTensors;
use sha2::{Digest, Sha256};

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

/// The names and the orientation of `torch.nn.LSTM` and `torch.nn.Linear`, one after another.
#[test]
fn tensors_of_recurrent_networks_are_named_and_turned_as_pytorch_has_them() {
    let spec =
        SequenceAutoencoder { units: 4, bidirectional: true, loss: LossKind::Bce, ..Default::default() }.spec(&[6, 3]);
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

/// PyTorch's strict loading compares only names and shapes, so layers whose formula differs from PyTorch's need other
/// names.
#[test]
fn tensors_of_layers_that_pytorch_does_not_have_carry_names_that_it_refuses() {
    use Reset::{AfterProduct, BeforeProduct};
    use Update::{KeepsOld, TakesNew};
    let gru = |update, reset| Cell::Gru { update, reset };
    let elman = |activation| Cell::Elman { activation };
    let jordan = |hybrid| {
        let (activation, output_activation) = (Activation::Tanh, Activation::Tanh);
        Cell::Jordan { outputs: 4, activation, output_activation, hybrid }
    };
    for (cell, is_in_pytorch) in [
        (Cell::Lstm, true),
        (gru(KeepsOld, AfterProduct), true),
        (gru(TakesNew, AfterProduct), false),
        (gru(KeepsOld, BeforeProduct), false),
        (gru(TakesNew, BeforeProduct), false),
        (elman(Activation::Tanh), true),
        (elman(Activation::Relu), true),
        (elman(Activation::Sigmoid), false),
        (elman(Activation::Linear), false),
        (jordan(true), false),
        (jordan(false), false),
    ] {
        let spec =
            SequenceAutoencoder { cell, units: 4, bidirectional: true, loss: LossKind::Bce, ..Default::default() }
                .spec(&[6, 3]);
        let network = Network::<f32>::new(&spec).expect("fits");
        let names: Vec<_> = network.params().iter().map(|param| param.torch_name.as_str()).collect();
        for name in [["0.weight_ih_l0", "0.w_ih"], ["1.weight_ih_l0_reverse", "1.w_ih_reverse"]] {
            assert!(names.contains(&name[usize::from(!is_in_pytorch)]), "{cell:?}: {names:?}");
            assert!(!names.contains(&name[usize::from(is_in_pytorch)]), "{cell:?}: {names:?}");
        }
        assert!(names.contains(&"2.weight") && names.contains(&"2.bias"), "{cell:?}: {names:?}");
    }
    let network = Network::<f32>::new(&conv_lstms(IMAGE, None)).expect("fits");
    let names: Vec<_> = network.params().iter().map(|param| param.torch_name.as_str()).collect();
    assert_eq!(names, ["1.w_ih", "1.w_hh", "1.b", "2.w_ih", "2.w_hh", "2.b"]);
}

/// Files of every kind, of whole models and of parts, as `name, bytes`.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = |spec: &Spec, part| {
        let network = Network::new(spec).expect("fits");
        let (network, theta) = network.split(part, &network.init(5)).expect("it is whole");
        file::encode(&network, &theta).expect("encodes")
    };
    let tied = Deep { layers: vec![5], tied: true, ..Deep::default() }.spec(&[4, 3]);
    let vae = Vae { hidden_dims: vec![3], latent_dim: 2, beta: 0.5, ..Vae::default() }.spec(&[4, 3]);
    let mut lstm = SequenceAutoencoder {
        units: 2,
        bidirectional: true,
        output_activation: Activation::Linear,
        ..Default::default()
    }
    .spec(&[3, 2]);
    lstm.scale = Some(Scale::of_all(1.0, 2.0));
    vec![
        ("whole", model().2),
        ("encoder", encoded(&deep_spec(), Part::Encoder)),
        ("decoder", encoded(&deep_spec(), Part::Decoder)),
        ("tied", encoded(&tied, Part::Whole)),
        ("tied decoder", encoded(&tied, Part::Decoder)),
        ("variational", encoded(&vae, Part::Whole)),
        ("variational decoder", encoded(&vae, Part::Decoder)),
        ("sequences", encoded(&lstm, Part::Whole)),
        ("decoder of sequences", encoded(&lstm, Part::Decoder)),
        ("videos", encoded(&conv_lstms([4, 3], Some(2)), Part::Whole)),
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

/// A file with its text changed and the length at its start corrected.
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
    assert!(said.contains("tensor 0.weight contains NaN"), "{said}");
}

/// The file states the lowest format number that its specification needs. A program that knows only the second format
/// can read what it supports, and gets an error about a newer format otherwise.
#[test]
fn a_model_file_states_the_first_format_that_has_what_it_holds() {
    let encoded = |spec: &Spec| {
        let network = Network::<f32>::new(spec).expect("fits");
        file::encode(&network, &network.init(5)).expect("encodes")
    };
    let sequences =
        SequenceAutoencoder { cell: Cell::GRU, units: 2, loss: LossKind::Bce, ..Default::default() }.spec(&[4, 3]);
    let mut repeated = deep_spec();
    repeated.decoder.insert(0, LayerSpec::RepeatVector { steps: 1 });
    let scale = Some(Scale::of_all(1.0, 2.0));
    for (spec, format) in [
        (deep_spec(), 2),
        (Deep { layers: vec![5], tied: true, ..Deep::default() }.spec(&[4, 3]), 2),
        (Spec { scale, loss: LossKind::Mse, ..deep_spec() }, 3),
        (sequences, 3),
        (conv_lstms([4, 3], None), 3),
        (repeated, 3),
    ] {
        let bytes = encoded(&spec);
        let stated = format!("format = {format}");
        // The file contains the text that is searched for, and can be read again.
        assert_eq!(with_text(&bytes, &stated, &stated), bytes);
        assert_eq!(file::decode(&bytes).expect("decodes").0.spec(), &spec);
        let other = with_text(&bytes, &stated, &format!("format = {}", 5 - format));
        assert!(matches!(file::decode(&other), Err(Error::Damaged(_))), "{stated}");
    }
    // The bytes of a file of the second format change only with the version of the program, which is in its text.
    let sha256: String = Sha256::digest(encoded(&deep_spec())).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sha256, "599137515f8edcb461300f7b321e74b782d95d81777051d27036e86a3182154c");
}

#[test]
fn a_newer_format_is_told_apart_from_damage() {
    let newer = with_text(&model().2, "format = 2", "format = 7");
    assert!(matches!(file::decode(&newer), Err(Error::TooNew { found: 7, newest: 5 })));
    for format in ["format = 0", "format = -1", "format = \\\"2\\\"", "formal = 2"] {
        assert!(
            matches!(file::decode(&with_text(&model().2, "format = 2", format)), Err(Error::Damaged(_))),
            "{format}"
        );
    }
}

/// A file of the first format, written by a handgrad of that time.
#[test]
fn the_first_format_is_still_read() {
    let bytes = include_bytes!("fixtures/format-1.safetensors");
    let (network, theta) = file::decode(bytes).expect("decodes");
    assert_eq!((network.spec(), network.part()), (&deep_spec(), Part::Whole));
    assert_eq!(file::weights_sha256(&theta), "1b6e9f7128975246c8a68cd205431cdcb7f5db977d249731be960312cf5a1306");
    assert_eq!(theta, network.init(5));
}

/// Well-formed files with false statements.
#[test]
fn parts_that_are_not_what_they_claim_are_refused() {
    let [_, (_, encoder), (_, decoder), ..] = &files()[..] else { panic!("they come first") };
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
    // The specification of the other part is checked too.
    assert!(says(&with_text(encoder, "units = 12", "units = 13")).contains("its specification has SHA-256"));

    // A wrong specification with a correct SHA-256.
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
        (hostile(4, "mirrors = 0", "mirrors = 18446744073709551615"), "has 1 dense layers"),
        (hostile(6, "latent_dim = 2", "latent_dim = 3"), "Reparameterize 6 → 3"),
        (hostile(6, "beta = 0.5", "beta = nan"), "beta"),
    ] {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

/// Specifications of sequences with a correct SHA-256 that are meaningless or too large for any machine.
#[test]
fn specifications_of_sequences_that_lie_are_refused() {
    let files = files();
    let hostile = |name: &str, from: &str, to: &str| {
        let (_, bytes) = files.iter().find(|file| file.0 == name).expect("there");
        file::decode(&with_model(bytes, from, to)).map(|_| ()).expect_err("refused").to_string()
    };
    let (largest, lstm, conv) = ("9223372036854775807", "return_sequences = false\n", "return_sequences = true\n");
    for (name, from, to, says) in [
        ("sequences", "repeat = 3", "repeat = 0", "the number of steps of a sequence is 0"),
        ("sequences", "repeat = 3", "repeat = 4", "gives back samples of shape [4, 2]"),
        ("sequences", "repeat = 3", &format!("repeat = {largest}"), "the memory of a recurrent layer"),
        ("sequences", "repeat = 3\n", "", "needs sequences"),
        ("sequences", "units = 2", "units = 0", "the number of units of a recurrent layer is 0"),
        ("sequences", "units = 2", "units = 3", "tensor 0.weight_ih_l0 is F32 [8, 2]"),
        ("sequences", "units = 2", &format!("units = {largest}"), "the memory of a recurrent layer"),
        ("sequences", lstm, &format!("{lstm}truncate_every = 0\n"), "truncate_every of a recurrent layer is 0"),
        ("sequences", "bidirectional = true", "bidirectional = false", "it holds 18 tensors, but its network has"),
        ("sequences", "cell = \"lstm\"", "cell = \"elman\"", "damaged"),
        ("sequences", "factor = 2.0", "factor = 0.0", "a factor above 0"),
        ("decoder of sequences", "repeat = 3", &format!("repeat = {largest}"), "the memory of a recurrent layer"),
        ("videos", "filters = 2", "filters = 0", "is 0"),
        ("videos", "filters = 2", &format!("filters = {largest}"), largest),
        ("videos", "kernel_size = 3", &format!("kernel_size = {largest}"), "kernel"),
        ("videos", "kernel_size = 3", "kernel_size = 2", "tensor 1.w_ih is F32 [8, 1, 3, 3]"),
        ("videos", "truncate_every = 2", "truncate_every = 0", "truncate_every of a recurrent layer is 0"),
        ("videos", conv, "return_sequences = false\n", "Reshape to 4×3 takes 12 values"),
    ] {
        let said = hostile(name, from, to);
        assert!(said.contains(says), "{name}, {to:?}: {said}");
    }
}

const DENSE: &str = "layer = \"dense\"\nunits = 12\nactivation = \"relu\"\ninit = \"he-normal\"\n\n[[model.encoder]]\n";

/// A file with its specification changed and the SHA-256 corrected.
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
