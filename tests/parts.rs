//! The encoder and the decoder of a model as separate networks.

use handgrad_layers::{Activation, Optimizer};
use handgrad_models::{Deep, Error as ModelError, LayerSpec, Network, Part, Vae, file};
use handgrad_tests::{all, bytes, on, specs, to_the_end, training};
use handgrad_trainer::{Error, Plan, Source, Trainer, Training, fit};
use safetensors::SafeTensors;

const STILL: Optimizer = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };

/// Saves and loads a part, so that the tests run what is in the file.
fn through_a_file(network: &Network<f32>, theta: &[f32], part: Part) -> (Network<f32>, Vec<f32>) {
    let (network, theta) = network.split(part, theta).expect("it is whole");
    let bytes = file::encode(&network, &theta).expect("encodes");
    let (again, weights) = file::decode(&bytes).expect("decodes");
    assert_eq!((again.part(), again.spec(), &weights), (part, network.spec(), &theta));
    (again, weights)
}

/// Codes and reconstructions of the parts equal those of the whole model, to the bit, for every kind of network, any
/// number of threads and any number of samples per call.
#[test]
fn parts_compute_what_they_do_in_the_whole() {
    let samples = bytes(45, 784, 4);
    let (source, order) = (Source::new(&samples), all(45));
    for (spec, _, optimizer) in specs() {
        let network = Network::<f32>::new(&spec).expect("fits");
        let mut whole = Trainer::new(network, &Training { seed: 3, ..training(optimizer, 45) }).expect("fits");
        whole.step(&source, &order);
        let codes = whole.encode(&source, &order).expect("fits");
        let outputs = whole.predict(&source, &order).expect("fits");
        let parts = [Part::Encoder, Part::Decoder].map(|part| through_a_file(whole.network(), whole.theta(), part));
        let [(encoder, w), (decoder, v)] = parts;
        assert_eq!((encoder.width(0), encoder.width(encoder.layers().len())), (784, codes.ncols()));
        assert_eq!((decoder.width(0), decoder.width(decoder.layers().len())), (codes.ncols(), 784));
        for (threads, batch) in [(1, 45), (2, 16), (4, 7)] {
            on(threads, || {
                let part = |part| {
                    let (network, theta) = whole.network().split(part, whole.theta()).expect("it is whole");
                    Trainer::with_weights(network, theta, &training(STILL, batch)).expect("fits")
                };
                let (encoder, decoder) = (part(Part::Encoder), part(Part::Decoder));
                assert_eq!((encoder.theta(), decoder.theta()), (&w[..], &v[..]));
                assert!(encoder.encode(&source, &order).expect("fits") == codes, "{threads} threads, {spec:?}");
                assert!(decoder.decode(&codes).expect("fits") == outputs, "{threads} threads, {spec:?}");
            });
        }
        let loaded = Trainer::with_weights(decoder, v, &training(STILL, 45)).expect("fits");
        assert!(loaded.decode(&codes).expect("fits") == outputs, "from its file, {spec:?}");
    }
}

#[test]
fn a_part_refuses_what_only_the_whole_can_do() {
    let spec = Deep { layers: vec![7, 5], activation: Activation::Tanh, tied: true, ..Deep::default() }.spec(&[12]);
    let samples = bytes(10, 12, 1);
    let source = Source::new(&samples);
    let network = Network::<f32>::new(&spec).expect("fits");
    let theta = network.init(0);
    let trainer = |part| {
        let (network, theta) = network.split(part, &theta).expect("it is whole");
        Trainer::with_weights(network, theta, &training(STILL, 10)).expect("fits")
    };
    for (part, lacks) in [(Part::Encoder, Error::NoDecoder), (Part::Decoder, Error::NoEncoder)] {
        let mut trainer = trainer(part);
        assert_eq!(trainer.evaluate(&source).expect_err("no loss"), lacks);
        assert_eq!(trainer.predict(&source, &all(10)).expect_err("no reconstruction"), lacks);
        let plan = Plan::default();
        assert_eq!(fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect_err("no training"), lacks);
        let error = trainer.network().split(Part::Decoder, &[]).map(|_| ()).expect_err("a part of a part");
        assert!(matches!(error, ModelError::NotWhole(name) if name == part.name()), "{error}");
    }
    let codes = trainer(Part::Encoder).encode(&source, &all(10)).expect("fits");
    assert_eq!(trainer(Part::Encoder).decode(&codes).expect_err("no decoder"), Error::NoDecoder);
    assert_eq!(trainer(Part::Decoder).encode(&source, &all(10)).expect_err("no encoder"), Error::NoEncoder);
    let wide = ndarray::Array2::zeros((3, 6));
    assert_eq!(trainer(Part::Decoder).decode(&wide).expect_err("6"), Error::CodeSize { network: 5, codes: 6 });
}

/// Each file is a separate Sequential: names start from 0, each part has a copy of a tied weight, and the orientation
/// is PyTorch's.
#[test]
fn tensors_of_parts_are_named_from_0_on() {
    let names_of = |spec: &handgrad_models::Spec, part| {
        let network = Network::<f32>::new(spec).expect("fits");
        let (network, theta) = network.split(part, &network.init(0)).expect("it is whole");
        let bytes = file::encode(&network, &theta).expect("encodes");
        let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
        let mut found: Vec<_> =
            tensors.iter().map(|(name, tensor)| (name.to_string(), tensor.shape().to_vec())).collect();
        found.sort();
        found
    };
    let named = |names: [(&str, &[usize]); 4]| names.map(|(name, shape)| (name.to_string(), shape.to_vec())).to_vec();
    let plain = Deep { layers: vec![7, 5], ..Deep::default() }.spec(&[4, 3]);
    let tied = Deep { layers: vec![7, 5], tied: true, ..Deep::default() }.spec(&[4, 3]);
    for spec in [plain, tied] {
        let encoder = named([("0.bias", &[7]), ("0.weight", &[7, 12]), ("2.bias", &[5]), ("2.weight", &[5, 7])]);
        assert_eq!(names_of(&spec, Part::Encoder), encoder);
        let decoder = named([("0.bias", &[7]), ("0.weight", &[7, 5]), ("2.bias", &[12]), ("2.weight", &[12, 7])]);
        assert_eq!(names_of(&spec, Part::Decoder), decoder);
    }
}

/// The file of a decoder still says that its codes have a distribution, and which shape its samples have.
#[test]
fn a_variational_decoder_keeps_its_prior() {
    let spec = Vae { hidden_dims: vec![6], latent_dim: 2, beta: 0.5, ..Vae::default() }.spec(&[4, 3]);
    let network = Network::<f32>::new(&spec).expect("fits");
    let (decoder, _) = through_a_file(&network, &network.init(1), Part::Decoder);
    assert!(matches!(decoder.spec().encoder.last(), Some(LayerSpec::Reparameterize { latent_dim: 2, .. })));
    assert_eq!((decoder.width(0), &decoder.spec().input), (2, &vec![4, 3]));
}
