//! Tied weights in a whole network: the gradient and its two parts, what a linear network learns, and the model file.

use handgrad_analysis::Pca;
use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Activation, LossKind, Noise, Optimizer, Scalar, gradcheck::check};
use handgrad_models::{Deep, Error, LayerSpec, Network, Spec, file};
use handgrad_tests::{all, bytes, floats, numbers, on, training};
use handgrad_trainer::{Source, Trainer, Training};
use ndarray::Array2;
use safetensors::SafeTensors;

const STILL: Optimizer = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };

fn gradient<T: Scalar>(spec: &Spec, theta: Vec<T>, samples: &Samples) -> (f64, Vec<T>) {
    let network = Network::new(spec).expect("fits");
    let mut trainer = Trainer::with_weights(network, theta, &training(STILL, samples.len())).expect("fits");
    trainer.gradient(&Source::new(samples), &all(samples.len())).expect("fits")
}

#[test]
fn the_gradient_of_a_tied_network_agrees_with_central_differences() {
    let (features, rows) = (9, 6);
    let samples = floats(rows, features, 8);
    let tied = |hidden, output, loss| {
        Deep { layers: vec![7, 4], activation: hidden, output_activation: output, loss, tied: true, ..Deep::default() }
            .spec(&[features])
    };
    let (tanh, sigmoid, linear) = (Activation::Tanh, Activation::Sigmoid, Activation::Linear);
    // Only the outer layers are tied, with noise before the encoder and a penalty after it: these do not count as
    // layers.
    let mut half = Deep { layers: vec![7, 4], activation: tanh, ..Deep::default() }.spec(&[features]);
    half.decoder[1] = LayerSpec::TiedDense { mirrors: 0, activation: sigmoid };
    half.decoder.insert(1, LayerSpec::Dropout { rate: 0.3 });
    let half = half.with_l1(0.1).with_noise(Noise::Masking { p: 0.2 });
    for spec in [
        tied(tanh, sigmoid, LossKind::Bce),
        tied(sigmoid, linear, LossKind::Mse),
        tied(linear, linear, LossKind::Mse),
        tied(tanh, linear, LossKind::CrossEntropy),
        half,
    ] {
        let theta = Network::<f64>::new(&spec).expect("fits").init(2);
        let (_, analytic) = gradient(&spec, theta.clone(), &samples);
        let report = check("θ", &theta, &analytic, |theta| gradient(&spec, theta.to_vec(), &samples).0);
        assert!(report.error < 1e-6, "{spec:?}: {report:?}");
    }
}

/// The untied network with the same layers, its θ, and the positions in it of each value of the tied network's θ: one
/// or two.
fn untied<T: Scalar>(tied: &Spec, theta: &[T]) -> (Spec, Vec<T>, Vec<Vec<usize>>) {
    let network = Network::<T>::new(tied).expect("fits");
    let mut spec = tied.clone();
    let units: Vec<usize> = (0..network.layers().len()).map(|at| network.width(at + 1)).collect();
    for (at, layer) in spec.encoder.iter_mut().chain(&mut spec.decoder).enumerate() {
        if let LayerSpec::TiedDense { activation, .. } = *layer {
            *layer = LayerSpec::Dense { units: units[at], activation, init: handgrad_layers::Init::XavierUniform };
        }
    }
    let plain = Network::<T>::new(&spec).expect("fits");
    // The start of w or b of a layer in the untied θ.
    let start = |layer: usize, name: &str| {
        let param = plain.params().iter().find(|param| param.layer == layer && param.spec.name == name);
        param.expect("a dense layer has it").range.start
    };
    let mut values = vec![T::NAN; plain.param_count()];
    let mut places = vec![Vec::new(); theta.len()];
    for param in network.params() {
        let cols = param.range.len() / param.spec.rows();
        for (number, at) in param.range.clone().enumerate() {
            places[at].push(start(param.layer, param.spec.name) + number);
            if let Some(tie) = &param.tie {
                places[at].push(start(tie.layer, "w") + number % cols * param.spec.rows() + number / cols);
            }
            places[at].iter().for_each(|&place| values[place] = theta[at]);
        }
    }
    assert!(values.iter().all(|value| value.is_finite()), "every weight of the untied network is set");
    (spec, values, places)
}

/// The same bits in the forward pass, and ∂L/∂w = ∂L/∂w_enc + (∂L/∂w_dec)ᵀ to the last bit, for any number of
/// threads.
#[test]
fn the_gradient_is_the_sum_of_both_layers_of_an_untied_network() {
    fn compare<T: Scalar>(spec: &Spec, samples: &Samples) {
        let theta = Network::<T>::new(spec).expect("fits").init(4);
        let (plain, values, places) = untied(spec, &theta);
        let (loss, of_plain) = gradient(&plain, values, samples);
        let expected: Vec<T> =
            places.iter().map(|places| places.iter().fold(T::ZERO, |sum, &place| sum + of_plain[place])).collect();
        for threads in [1, 2, 4, 8] {
            let (loss_of_tied, of_tied) = on(threads, || gradient(spec, theta.clone(), samples));
            assert_eq!(loss_of_tied, loss, "{threads} threads");
            let same = of_tied.iter().zip(&expected).all(|(a, b)| a.to_f64().to_bits() == b.to_f64().to_bits());
            assert!(same, "{threads} threads, {spec:?}");
        }
    }
    let samples = bytes(100, 784, 4);
    for spec in [
        Deep { layers: vec![300, 33, 5], tied: true, ..Deep::default() }.spec(&[784]),
        Deep {
            layers: vec![32],
            activation: Activation::Tanh,
            output_activation: Activation::Linear,
            loss: LossKind::Mse,
            tied: true,
            ..Deep::default()
        }
        .spec(&[784]),
    ] {
        compare::<f32>(&spec, &samples);
        compare::<f64>(&spec, &samples);
    }
}

/// Samples around (0, 0.1, 0.2, …) that vary most along a few directions, none of which is an axis.
fn varied(rows: usize, features: usize) -> Samples {
    let mix = numbers(features * features, 11);
    let draws = numbers(rows * features, 12);
    let value = |row: usize, i: usize| {
        let along = |j: usize| draws[row * features + j] * 2.0_f32.powi(-(j as i32)) * mix[j * features + i];
        0.1 * i as f32 + (0..features).map(along).sum::<f32>()
    };
    let values = Array2::from_shape_fn((rows, features), |(row, i)| value(row, i));
    Samples { values: Values::Floats(values), shape: vec![features], labels: None, places: None }
}

/// A linear network with squared error learns the space of the first principal components (Baldi & Hornik 1989): its
/// loss is that of PCA, and if it is tied, its weights are orthonormal.
#[test]
fn a_linear_tied_network_learns_the_space_of_pca() {
    let (rows, n, k) = (64, 8, 3);
    let samples = varied(rows, n);
    let Values::Floats(x) = &samples.values else { panic!("floats") };
    let pca = Pca::fit(x.view(), k).expect("fits");
    let errors = x - &pca.reconstruct(x.view());
    let least = errors.mapv(|error| f64::from(error).powi(2)).mean().expect("there are values");

    let spec = Deep {
        layers: vec![k],
        activation: Activation::Linear,
        output_activation: Activation::Linear,
        loss: LossKind::Mse,
        tied: true,
        ..Deep::default()
    }
    .spec(&[n]);
    let network = Network::<f64>::new(&spec).expect("fits");
    let w = network.params()[1].range.clone();
    let sgd = Optimizer::Sgd { learning_rate: 0.02, momentum: 0.9 };
    let mut trainer = Trainer::new(network, &Training { seed: 1, ..training(sgd, rows) }).expect("fits");
    let source = Source::new(&samples);
    for _ in 0..20_000 {
        trainer.step(&source, &all(rows));
    }
    let loss = trainer.evaluate(&source).expect("fits").loss;
    assert!((loss / least - 1.0).abs() < 1e-4, "{loss}, PCA {least}");
    let w = Array2::from_shape_vec((n, k), trainer.theta()[w].to_vec()).expect("n × k");
    let gram = w.t().dot(&w);
    assert!((&gram - &Array2::<f64>::eye(k)).iter().all(|v| v.abs() < 1e-4), "orthonormal columns: {gram}");
    let shared = pca.shared_subspace(w.t().mapv(|w| w as f32).view()).expect("k directions");
    assert!(shared > 1.0 - 1e-6, "the cosine of the largest angle is {shared}");
}

#[test]
fn a_tied_network_has_about_half_the_parameters() {
    let count = |layers: &[usize]| {
        let spec = Deep { layers: layers.to_vec(), tied: true, ..Deep::default() }.spec(&[28, 28]);
        Network::<f32>::new(&spec).expect("fits").param_count()
    };
    assert_eq!(count(&[32]), 784 * 32 + 32 + 784);
    assert_eq!(count(&[128, 64, 32]), 784 * 128 + 128 * 64 + 64 * 32 + (128 + 64 + 32) + (64 + 128 + 784));
}

/// θ is b′, w, b for each pair. The parameters of either layer are contiguous in it, and w is initialised once.
#[test]
fn a_tied_pair_lies_together() {
    let spec = Deep {
        layers: vec![4, 2],
        output_activation: Activation::Linear,
        loss: LossKind::Mse,
        tied: true,
        ..Deep::default()
    }
    .spec(&[6]);
    let network = Network::<f32>::new(&spec).expect("fits");
    let of: Vec<_> = (0..4).map(|layer| network.theta_of(layer)).collect();
    assert_eq!(of, [6..34, 38..48, 34..46, 0..30]);
    let ranges: Vec<_> = network.params().iter().map(|param| param.range.clone()).collect();
    assert_eq!(ranges, [0..6, 6..30, 30..34, 34..38, 38..46, 46..48]);
    let theta = network.init(0);
    assert!(theta[6..30].iter().all(|&w| w != 0.0) && theta[..6].iter().chain(&theta[30..38]).all(|&b| b == 0.0));
}

#[test]
fn layers_that_cannot_be_tied_are_refused_in_words() {
    let refused = |change: fn(&mut Spec)| {
        let mut spec = Deep {
            layers: vec![7, 5],
            output_activation: Activation::Linear,
            loss: LossKind::Mse,
            tied: true,
            ..Deep::default()
        }
        .spec(&[12]);
        change(&mut spec);
        let error = Network::<f32>::new(&spec).map(|_| ()).expect_err("it cannot be tied");
        assert!(matches!(error, Error::Tied { .. }), "{error}");
        error.to_string()
    };
    type Change = (fn(&mut Spec), &'static str);
    let changes: [Change; 5] = [
        (|s| s.decoder[1] = LayerSpec::TiedDense { mirrors: 2, activation: Activation::Relu }, "has 2 dense layers"),
        (|s| s.decoder[1] = LayerSpec::TiedDense { mirrors: 1, activation: Activation::Relu }, "mirrors already"),
        (|s| s.decoder.swap(0, 1), "7 values for each sample, but its input has 5"),
        (|s| s.encoder.push(s.decoder[0].clone()), "is in the encoder"),
        (
            |s| {
                s.encoder = vec![LayerSpec::Reshape { shape: vec![12] }];
                s.decoder.remove(0);
            },
            "has 0 dense layers",
        ),
    ];
    for (change, says) in changes {
        let text = refused(change);
        assert!(text.contains(says), "{says:?} is not in {text:?}");
    }
}

/// In PyTorch the weight occurs twice, under the names of both layers. In a file that PyTorch or anybody else has
/// changed, both copies must agree.
#[test]
fn the_model_file_has_tied_weights_under_both_names() {
    let spec = Deep { layers: vec![7, 5], tied: true, ..Deep::default() }.spec(&[4, 3]);
    let network = Network::<f32>::new(&spec).expect("fits");
    let theta = network.init(5);
    let bytes = file::encode(&network, &theta).expect("encodes");
    let (again, weights) = file::decode(&bytes).expect("decodes");
    assert_eq!((again.spec(), &weights), (&spec, &theta));

    let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
    let shape = |name: &str| tensors.tensor(name).expect("there").shape().to_vec();
    let mut names = tensors.names();
    names.sort_unstable();
    assert_eq!(names, ["0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight", "6.bias", "6.weight"]);
    assert_eq!((shape("0.weight"), shape("6.weight")), (vec![7, 12], vec![12, 7]), "units × inputs, each");
    let value = |name: &str, at: usize| {
        let bytes = &tensors.tensor(name).expect("there").data()[4 * at..][..4];
        f32::from_le_bytes(bytes.try_into().expect("four bytes"))
    };
    for (row, col) in [(0, 0), (3, 11), (6, 5)] {
        assert_eq!(value("0.weight", row * 12 + col), value("6.weight", col * 7 + row));
    }
    // Only one copy is changed: the θ from the first copy still has its SHA-256, and the second copy does not match
    // it.
    for (name, says) in
        [("6.weight", "are tied but differ"), ("4.weight", "are tied but differ"), ("0.weight", "differ")]
    {
        let start = tensors.tensor(name).expect("there").data().as_ptr() as usize - bytes.as_ptr() as usize;
        let mut damaged = bytes.clone();
        damaged[start] ^= 1;
        let error = file::decode(&damaged).map(|_| ()).expect_err("the copies differ").to_string();
        assert!(error.contains(says), "{name}: {error}");
    }
}
