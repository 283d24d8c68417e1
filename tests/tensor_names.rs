//! The names of the tensors of convolutions in a model file: PyTorch's where PyTorch computes the same, others where it
//! does not; and files that were written before that.

use std::collections::HashMap;

use handgrad_layers::{LossKind, Padding};
use handgrad_models::builders::{conv_transpose2d, conv2d, dense, max_pool2d, recurrent, reshape, upsample2d};
use handgrad_models::{Cell, Error, LayerSpec, Network, Part, Spec, StridedConv, file};
use safetensors::SafeTensors;

fn strided() -> Spec {
    StridedConv { filters: vec![3, 2], ..StridedConv::default() }.spec(&[8, 8])
}

/// The bytes of the file of a part with its initial weights, and these weights.
fn written(spec: &Spec, part: Part) -> (Vec<u8>, Vec<f32>) {
    let network = Network::new(spec).expect("fits");
    let (network, theta) = network.split(part, &network.init(5)).expect("it is whole");
    (file::encode(&network, &theta).expect("encodes"), theta)
}

/// The names of the tensors in a file, sorted, and its text.
fn names_and_text(bytes: &[u8]) -> (Vec<String>, String) {
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("a file");
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get("handgrad")).expect("its text").clone();
    let mut names = metadata.offset_keys();
    names.sort();
    (names, text)
}

/// The same file with other names for its tensors and another number of its format.
fn rewritten(bytes: &[u8], format: u64, rename: impl Fn(&str) -> String) -> Vec<u8> {
    let (_, text) = names_and_text(bytes);
    let (_, rest) = text.split_once('\n').expect("lines");
    assert!(text.starts_with("format = "), "{text}");
    let tensors = SafeTensors::deserialize(bytes).expect("a file");
    let renamed: Vec<_> = tensors.tensors().into_iter().map(|(name, view)| (rename(&name), view)).collect();
    let entries = HashMap::from([("handgrad".to_string(), format!("format = {format}\n{rest}"))]);
    safetensors::serialize(renamed, Some(entries)).expect("a file")
}

/// The names that all convolutions had once.
fn old(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((layer, "w")) => format!("{layer}.weight"),
        Some((layer, "b")) => format!("{layer}.bias"),
        _ => name.to_string(),
    }
}

#[test]
fn strided_convolutions_have_names_that_pytorch_refuses() {
    let (names, text) = names_and_text(&written(&strided(), Part::Whole).0);
    assert!(text.starts_with("format = 4\n"), "{text}");
    // The last convolution has the stride 1, and PyTorch's padding=1 computes the same.
    let expected = ["0.b", "0.w", "2.b", "2.w", "4.b", "4.w", "6.b", "6.w", "8.bias", "8.weight"];
    assert_eq!(names, expected);
}

/// One layer between two others, and whether PyTorch has a layer of the same kind that computes the same.
#[test]
fn a_layer_has_the_names_of_pytorch_if_it_computes_the_same() {
    let cases: [(LayerSpec, bool); 13] = [
        (conv2d(1, 3).linear(), true),
        (conv2d(1, 4).linear(), true),
        (conv2d(1, 3).dilation(2).linear(), true),
        (conv2d(1, 3).stride(2).linear(), false),
        (conv2d(1, 5).stride(3).linear(), false),
        (conv2d(1, 3).stride(2).padding(Padding::Explicit(1)).linear(), true),
        // Of the larger output, 0, 2, 1 and 3 lines are removed.
        (conv_transpose2d(1, 1).linear(), true),
        (conv_transpose2d(1, 3).linear(), true),
        (conv_transpose2d(1, 4).stride(2).linear(), true),
        (conv_transpose2d(1, 3).stride(2).linear(), false),
        (conv_transpose2d(1, 2).linear(), false),
        (conv_transpose2d(1, 3).stride(2).dilation(2).linear(), false),
        // PyTorch's output_padding gives the line that is missing.
        (conv_transpose2d(1, 2).stride(3).linear(), true),
    ];
    for (layer, is_in_pytorch) in cases {
        let decoder = [dense(64).linear(), reshape([1, 8, 8])];
        let spec = Spec::autoencoder(&[8, 8], [layer.clone()], decoder, LossKind::Mse);
        let network = Network::<f32>::new(&spec).expect("fits");
        let names: Vec<_> = network.params().iter().map(|param| param.torch_name.as_str()).collect();
        let expected = if is_in_pytorch { ["0.weight", "0.bias"] } else { ["0.w", "0.b"] };
        assert_eq!(names[..2], expected, "{layer:?}");
        let (bytes, theta) = written(&spec, Part::Whole);
        let stated = if is_in_pytorch { "format = 2\n" } else { "format = 4\n" };
        assert!(names_and_text(&bytes).1.starts_with(stated), "{layer:?}: the lowest format");
        assert_eq!(file::decode(&bytes).expect("decodes").1, theta);
    }
}

/// Files of formats 2 and 3, from before there were other names, whole and in parts.
#[test]
fn files_with_the_old_names_are_still_read() {
    let pooled = Spec::autoencoder(
        &[8, 8],
        [conv2d(2, 3).stride(2).relu(), max_pool2d(2)],
        [upsample2d(2), conv_transpose2d(2, 3).stride(2).relu(), conv2d(1, 3).linear()],
        LossKind::Mse,
    );
    let sequences = Spec::autoencoder(
        &[8, 8],
        [conv2d(1, 3).stride(2).linear(), reshape([4, 4]), recurrent(Cell::ELMAN, 3).return_sequences(false)],
        [dense(16).linear(), reshape([1, 4, 4]), conv_transpose2d(1, 3).stride(2).linear()],
        LossKind::Mse,
    );
    for (spec, format) in [(strided(), 2), (pooled, 2), (sequences, 3)] {
        for part in [Part::Whole, Part::Encoder, Part::Decoder] {
            let (bytes, theta) = written(&spec, part);
            let before = rewritten(&bytes, format, old);
            assert_ne!(names_and_text(&before).0, names_and_text(&bytes).0, "{part:?}");
            let (network, read) = file::decode(&before).expect("an old file");
            assert_eq!((network.part(), network.spec(), &read), (part, &spec, &theta));
            // It is written again with the new names.
            assert_eq!(file::encode(&network, &read).expect("encodes"), bytes);
            // The format number decides which names are expected, and must be one that fits.
            let says = |bytes: &[u8]| match file::decode(bytes) {
                Err(Error::Damaged(why)) => why,
                other => panic!("{part:?}: {:?}", other.map(|_| ())),
            };
            assert!(says(&rewritten(&bytes, format, str::to_string)).contains("no tensor"));
            assert!(says(&rewritten(&bytes, 4, old)).contains("no tensor"));
            assert!(says(&rewritten(&bytes, 5 - format, old)).contains("needs format 4"));
        }
    }
}

/// A file may claim any sizes. They are refused, also where their product overflows.
#[test]
fn sizes_that_overflow_are_refused() {
    for layer in
        [conv2d(1, usize::MAX).dilation(usize::MAX).linear(), conv_transpose2d(1, usize::MAX).dilation(3).linear()]
    {
        let decoder = [dense(64).linear(), reshape([1, 8, 8])];
        let spec = Spec::autoencoder(&[8, 8], [layer], decoder, LossKind::Mse);
        assert!(Network::<f32>::new(&spec).is_err());
    }
    let (bytes, _) = written(&strided(), Part::Whole);
    let claims = |text: &str| text.replacen("kernel_size = 3", "kernel_size = 9223372036854775807", 9);
    let (_, text) = names_and_text(&bytes);
    let tensors = SafeTensors::deserialize(&bytes).expect("a file");
    let entries = HashMap::from([("handgrad".to_string(), claims(&text.replace("dilation = 1", "dilation = 9")))]);
    let hostile = safetensors::serialize(tensors.tensors(), Some(entries)).expect("a file");
    assert!(matches!(file::decode(&hostile), Err(Error::Damaged(_))));
}
