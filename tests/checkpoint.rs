//! Checkpoints: a training that stops after any step and continues elsewhere ends with the same bits. A file in which
//! a single bit has changed is refused.

use std::ops::ControlFlow;

use handgrad_dataset::{Samples, count};
use handgrad_layers::{Activation, LossKind, Noise};
use handgrad_models::{Deep, Network, SequenceAutoencoder, Spec, Vae};
use handgrad_tests::{ADAM, SGD, bytes, floats, numbers, on, stop, table, to_the_end, training};
use handgrad_trainer::checkpoint::{Checkpoint, Error, about};
use handgrad_trainer::{EpochRecord, Event, Plan, Rate, Schedule, Source, State, Trainer, Training, go_on};
use sha2::{Digest, Sha256};

/// One training: network, settings and samples.
struct Setting {
    name: &'static str,
    spec: Spec,
    training: Training,
    plan: Plan,
    samples: Samples,
}

impl Setting {
    fn trainer(&self) -> Trainer<f32> {
        let network = Network::new(&self.spec).expect("fits");
        Trainer::new(network, &self.training).expect("fits")
    }

    /// The first two thirds are for training, the others for validation.
    fn parts(&self) -> [Source<'_>; 2] {
        let cut = self.samples.len() * 2 / 3;
        let part = |range| Source::part(&self.samples, range).expect("are there");
        [part(0..cut), part(cut..self.samples.len())]
    }

    /// Continues to the end, from any state.
    fn finish(&self, trainer: &mut Trainer<f32>, state: &mut State<f32>) {
        let [train, validation] = self.parts();
        assert!(go_on(trainer, &train, &validation, &self.plan, state, &mut to_the_end).expect("learns"));
    }
}

fn settings() -> Vec<Setting> {
    let tanh = Activation::Tanh;
    let plan = Plan { epochs: 4, ..Plan::default() };
    let setting = |name, spec, optimizer, plan, samples| {
        let training = Training { seed: 3, ..training(optimizer, 8) };
        Setting { name, spec, training, plan, samples }
    };
    let dense = || Deep { layers: vec![9, 4], activation: tanh, ..Deep::default() }.spec(&[20]);
    let image = [6, 6];
    let images = || Samples { shape: image.to_vec(), ..bytes(40, 36, 5) };
    let vae = Vae { hidden_dims: vec![12], latent_dim: 3, beta: 0.7, ..Vae::default() }.spec(&image);
    let kl = dense().with_kl(0.1, 0.3).expect("has an activation");
    let plateau = Schedule::Plateau { patience: 0, factor: 0.3 };
    let cosine = Schedule::Cosine { floor: 1e-4 };
    let (of_table, rows) = table(40, 7);
    let strips = Samples { shape: vec![7, 3], ..floats(40, 21, 6) };
    vec![
        setting("plain", dense(), ADAM, plan, floats(40, 20, 1)),
        Setting {
            training: Training { seed: 3, clip_norm: Some(0.02), weight_decay: 0.05, ..training(ADAM, 8) },
            ..setting(
                "everything",
                dense(),
                ADAM,
                Plan { epochs: 12, schedule: plateau, early_stopping: Some(3) },
                floats(30, 20, 2),
            )
        },
        setting("momentum and a wave", dense(), SGD, Plan { schedule: cosine, ..plan }, floats(40, 20, 3)),
        setting(
            "variational",
            vae,
            ADAM,
            Plan { schedule: Schedule::Step { every: 2, factor: 0.5 }, ..plan },
            images(),
        ),
        setting("noise and a penalty", kl.with_noise(Noise::Masking { p: 0.2 }), ADAM, plan, bytes(40, 20, 4)),
        setting(
            "LSTM",
            SequenceAutoencoder { units: 5, bidirectional: true, ..Default::default() }.spec(&[7, 3]),
            ADAM,
            plan,
            strips,
        ),
        setting("table with hidden columns", of_table, ADAM, plan, rows),
    ]
}

/// Everything that can be compared: bits instead of values, and no times.
fn bits(trainer: &Trainer<f32>, state: &State<f32>) -> (Vec<Vec<u32>>, u64, State<f32>) {
    let of = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let [first, second] = trainer.slots();
    let mut state = state.clone();
    state.place.seconds = 0.0;
    for record in &mut state.records {
        *record = EpochRecord { seconds: 0.0, samples_per_second: 0.0, ..record.clone() };
    }
    (vec![of(trainer.theta()), of(first), of(second)], trainer.steps(), state)
}

#[test]
fn a_training_goes_on_from_a_file_of_any_moment_to_the_same_bits() {
    for setting in settings() {
        let names = setting.trainer().network().term_names();
        let (whole, files) = on(2, || {
            let mut trainer = setting.trainer();
            let mut state = State::new(&trainer);
            setting.finish(&mut trainer, &mut state);
            let whole = bits(&trainer, &state);
            // The same training again, with a pause after every step and every epoch.
            let (mut trainer, mut files) = (setting.trainer(), Vec::new());
            let mut state = State::new(&trainer);
            let [train, validation] = setting.parts();
            files.push(Checkpoint::of(&trainer, &state, "a run").encode().expect("can be written"));
            while !go_on(&mut trainer, &train, &validation, &setting.plan, &mut state, &mut stop).expect("learns") {
                files.push(Checkpoint::of(&trainer, &state, "a run").encode().expect("can be written"));
            }
            assert!(bits(&trainer, &state) == whole, "{}: pauses change nothing", setting.name);
            (whole, files)
        });
        let epochs = whole.2.records.len();
        assert_eq!(files.len() as u64, 1 + whole.1 + epochs as u64, "{}", setting.name);
        if setting.plan.early_stopping.is_some() {
            assert!(epochs < setting.plan.epochs && whole.2.best.is_some(), "it stops early: {epochs} epochs");
        }
        for (number, file) in files.iter().enumerate() {
            let threads = [1, 2, 3][number % 3];
            let resumed = on(threads, || {
                let checkpoint = Checkpoint::decode(file, &names).expect("whole");
                assert_eq!(checkpoint.encode().expect("can be written"), *file, "what is read is what was written");
                let mut trainer = setting.trainer();
                trainer.poison();
                let mut state = checkpoint.restore(&mut trainer).expect("fits");
                setting.finish(&mut trainer, &mut state);
                bits(&trainer, &state)
            });
            assert!(resumed == whole, "{}, from pause {number} on {threads} threads", setting.name);
        }
    }
}

/// The smallest training, in the middle of its second epoch.
fn small() -> (Trainer<f32>, State<f32>) {
    let samples = floats(6, 3, 1);
    let source = Source::new(&samples);
    let spec = Deep {
        layers: vec![2],
        activation: Activation::Tanh,
        output_activation: Activation::Sigmoid,
        loss: LossKind::Mse,
        ..Deep::default()
    }
    .spec(&[3]);
    let mut trainer = Trainer::new(Network::new(&spec).expect("fits"), &training(ADAM, 2)).expect("fits");
    let mut state = State::new(&trainer);
    let plan = Plan { epochs: 3, early_stopping: Some(2), ..Plan::default() };
    let mut to_stop = |event: Event| match event {
        Event::Step { epoch: 2, samples: 4, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert!(!go_on(&mut trainer, &source, &source, &plan, &mut state, &mut to_stop).expect("learns"));
    assert_eq!((state.records.len(), state.place.steps, trainer.steps()), (1, 2, 5));
    (trainer, state)
}

const NAMES: &[&str] = &["reconstruction"];

fn refusal(bytes: &[u8]) -> Error {
    let error = Checkpoint::decode(bytes, NAMES).expect_err("refused");
    assert_eq!(about(bytes).expect_err("refused"), error);
    error
}

#[test]
fn no_truncation_and_no_changed_bit_is_accepted() {
    let (trainer, state) = small();
    let whole = Checkpoint::of(&trainer, &state, "a run").encode().expect("can be written");
    assert_eq!(about(&whole).expect("whole"), "a run");
    let mut refused = 0;
    for length in 0..whole.len() {
        assert!(matches!(refusal(&whole[..length]), Error::Damaged(_)), "the first {length} bytes");
        refused += 1;
    }
    let mut bytes = whole.clone();
    for bit in 0..8 * whole.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(refusal(&bytes), Error::Damaged(_)), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused += 1;
    }
    for more in [&[0][..], &[0; 32], &whole] {
        assert!(matches!(refusal(&[&whole[..], more].concat()), Error::Damaged(_)), "{} bytes more", more.len());
    }
    assert_eq!(refused, 9 * whole.len());
    assert!(Checkpoint::decode(&bytes, NAMES).is_ok(), "it was the changes that were refused");
}

/// The same file with a part of its metadata replaced by a text of the same length, and with a correct hash.
fn forged(whole: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut body = whole[..whole.len() - 32].to_vec();
    let at = body.windows(from.len()).position(|bytes| bytes == from.as_bytes()).expect("it is there");
    body[at..at + to.len()].copy_from_slice(to.as_bytes());
    hashed(body)
}

#[test]
fn a_newer_format_and_another_training_are_refused_in_words() {
    let (trainer, state) = small();
    let whole = Checkpoint::of(&trainer, &state, "a run").encode().expect("can be written");
    let newer = refusal(&forged(&whole, "format = 1", "format = 7"));
    assert_eq!(newer, Error::TooNew { found: 7, newest: 2 });
    assert!(newer.to_string().contains("format 7") && newer.to_string().contains("newer handgrad"), "{newer}");
    let never = refusal(&forged(&whole, "format = 1", "format = 0"));
    assert!(never.to_string().contains("missing or does not exist"), "{never}");
    // A correct hash over something that is not a checkpoint.
    for body in [&b""[..], b"{}", &u64::MAX.to_le_bytes()] {
        let hash = Sha256::digest(body);
        assert!(matches!(refusal(&[body, &hash[..]].concat()), Error::Damaged(_)));
    }
    let misfit = Checkpoint::decode(&whole, &["reconstruction", "KL divergence"]).expect_err("another loss");
    assert_eq!(misfit, Error::Misfit { what: "terms of a loss", found: 1, expected: 2 });
    for (units, optimizer, what) in [(3, ADAM, "weights"), (2, SGD, "running values of the optimiser")] {
        let spec = Deep {
            layers: vec![units],
            activation: Activation::Tanh,
            output_activation: Activation::Sigmoid,
            loss: LossKind::Mse,
            ..Deep::default()
        }
        .spec(&[3]);
        let mut other = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training(optimizer, 2)).expect("fits");
        let before = other.theta().to_vec();
        let error = Checkpoint::decode(&whole, NAMES).expect("whole").restore(&mut other).expect_err("another one");
        assert!(matches!(error, Error::Misfit { what: found, .. } if found == what), "{error}");
        assert_eq!(other.theta(), before, "nothing was put in");
    }
}

/// Every number is read back to the bit, including infinities and the smallest numbers.
#[test]
fn numbers_survive_as_they_are() {
    let (trainer, state) = small();
    let odd = [0.0, -0.0, f64::INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX, 0.1, 1e300, 1.0 / 3.0];
    let random = numbers(300, 7).into_iter().map(|v| f64::from(v) * std::f64::consts::PI.powf(f64::from(v) * 100.0));
    let all: Vec<f64> = odd.into_iter().chain(random).collect();
    for values in all.windows(6) {
        let mut state = state.clone();
        state.first_loss = Some(values[0]);
        state.rate = Rate { first: values[1], now: values[2], best_loss: values[3], epochs_since: 4 };
        (state.place.loss_sum, state.place.seconds) = (values[4], values[5]);
        state.place.term_sums = vec![values[5], values[0]];
        state.records[0].train_loss = values[1];
        state.records[0].validation_terms[0].1 = values[2];
        state.best.as_mut().expect("under early stopping").loss = values[3];
        let checkpoint = Checkpoint::of(&trainer, &state, "quotes \" and \\ and\nlines = [1]");
        let again = Checkpoint::decode(&checkpoint.encode().expect("can be written"), NAMES).expect("whole");
        // Debug shows all bits of a number, including the sign of −0.
        assert_eq!(format!("{again:?}"), format!("{checkpoint:?}"));
    }
}

/// A state that no training can reach is refused, even if its hash is correct.
#[test]
fn a_right_hash_over_nonsense_is_refused() {
    let (mut trainer, state) = small();
    let whole = Checkpoint::of(&trainer, &state, "a run").encode().expect("can be written");
    for (from, to) in [
        ("best_epoch = 1", "best_epoch = 0"),
        ("best_epoch = 1", "best_epoch = 2"),
        ("samples = 4", "samples = 0"),
        ("samples = 4", "samples = 1"),
        ("steps = 5", "steps = 1"),
        ("steps = 5", "steps = 2"),
        ("epochs = 1", "epochs = 9"),
        ("epochs = 1", "epochs = 2"),
        ("steps = 2", "steps = 4"),
    ] {
        assert!(matches!(refusal(&forged(&whole, from, to)), Error::Damaged(_)), "{to}");
    }
    for samples in [2, 5] {
        let bytes = forged(&whole, "samples = 4", &format!("samples = {samples}"));
        let checkpoint = Checkpoint::decode(&bytes, NAMES).expect("as far as the file knows");
        assert!(matches!(checkpoint.restore(&mut trainer), Err(Error::Damaged(_))), "{samples}");
    }
}

/// A checkpoint whose description, and optionally other parts, are changed by the given functions; lengths and hash
/// are corrected.
fn rewritten(whole: &[u8], text: impl Fn(&str) -> String, also: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let length = u64::from_le_bytes(whole[..8].try_into().expect("eight")) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&whole[8..8 + length]).expect("JSON");
    let entry = &mut header["__metadata__"]["handgrad-checkpoint"];
    *entry = text(entry.as_str().expect("text")).into();
    also(&mut header);
    let header = header.to_string();
    let data = &whole[8 + length..whole.len() - 32];
    hashed([&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat())
}

fn hashed(body: Vec<u8>) -> Vec<u8> {
    let hash = Sha256::digest(&body);
    [&body[..], &hash[..]].concat()
}

/// With a correct hash: descriptions that make the library overflow, that are expensive to read, or that would add
/// lines to the error message.
#[test]
fn a_right_hash_over_what_is_hostile_is_refused_in_a_line() {
    let (trainer, state) = small();
    let whole = Checkpoint::of(&trainer, &state, "a run").encode().expect("can be written");
    assert!(Checkpoint::decode(&rewritten(&whole, str::to_owned, |_| {}), NAMES).is_ok(), "as it was");
    let same = |_: &mut serde_json::Value| {};
    let eighth = (1_u64 << 61) - 1;
    let huge = |header: &mut serde_json::Value| {
        for at in 0..8 {
            let tensor =
                serde_json::json!({"dtype": "U8", "shape": [eighth], "data_offsets": [at * eighth, (at + 1) * eighth]});
            header[format!("t{at}")] = tensor;
        }
        header.as_object_mut().expect("a table").retain(|name, _| name.len() == 2);
    };
    let extra = |header: &mut serde_json::Value| {
        header["more"] = serde_json::json!({"dtype": "F32", "shape": [0], "data_offsets": [0, 0]});
    };
    for (bytes, words) in [
        (rewritten(&whole, |text| text.to_owned() + "\n\"a\\nerror: b\\u001b[31m\" = 1\n", same), "unknown field"),
        (rewritten(&whole, |text| text.to_owned() + "\n\u{1b}[31m\n", same), "damaged"),
        (rewritten(&whole, |text| text.to_owned() + "\na = [" + &"[],".repeat(3_500), same), "at most 10240"),
        (rewritten(&whole, |text| text.to_owned() + "\na = [" + &"[],".repeat(500_000), same), "at most 32768"),
        (rewritten(&whole, str::to_owned, huge), "more than 15 digits"),
    ] {
        let error = refusal(&bytes).to_string();
        assert!(error.contains(words) && error.len() < 400 && !error.contains(char::is_control), "{error}");
    }
    let error = Checkpoint::decode(&rewritten(&whole, str::to_owned, extra), NAMES).expect_err("a tensor more");
    assert!(error.to_string().contains("6 tensors"), "{error}");
}

/// The text that is read is never longer than the text that is written.
#[test]
fn a_description_too_long_to_be_read_is_not_written() {
    let (trainer, state) = small();
    let of = |length| Checkpoint::of(&trainer, &state, &"\n".repeat(length)).encode();
    let (mut written, mut refused) = (0, 0);
    for length in (0..12_000).step_by(500) {
        match of(length) {
            Ok(bytes) => {
                assert_eq!(Checkpoint::decode(&bytes, NAMES).expect("was written").about.len(), length);
                written += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("at most 10240"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(written > 15 && refused > 1, "{written} written, {refused} refused");
}

/// Positions that no epoch of these samples can have; this cannot be detected from the file alone.
#[test]
fn a_place_that_no_epoch_has_is_not_gone_on_from() {
    let (mut trainer, state) = small();
    let samples = floats(6, 3, 1);
    let (source, plan) = (Source::new(&samples), Plan { epochs: 3, ..Plan::default() });
    for (steps, seen) in [(4, 8), (1 << 60, 1 << 61), (2, 3), (3, 5), (0, 2), (2, 0)] {
        let mut state = state.clone();
        (state.place.steps, state.place.samples) = (steps, seen);
        let outcome = go_on(&mut trainer, &source, &source, &plan, &mut state, &mut to_the_end);
        let error = outcome.expect_err("no such place").to_string();
        assert!(
            error.contains(&format!("{} and {}", count(steps, "step", "steps"), count(seen, "sample", "samples"))),
            "{error}"
        );
    }
    let mut state = state;
    state.place.term_sums.push(0.0);
    let error = Checkpoint::of(&trainer, &state, "a run").restore(&mut trainer).expect_err("a term more");
    assert!(matches!(error, Error::Misfit { what: "sums of a loss's terms", found: 2, expected: 1 }), "{error}");
}
