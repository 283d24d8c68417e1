//! Small valid files of every kind for the parsers.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use handgrad_dataset::{Samples, npy};
use handgrad_layers::{Activation, LossKind};
use handgrad_models::Cell;
use handgrad_models::{Basic, Deep, Network, NextStep, Part, SequenceAutoencoder, Spec, StridedConv, Vae, file};
use handgrad_tests::{ADAM, bytes, stop};
use handgrad_trainer::checkpoint::Checkpoint;
use handgrad_trainer::{Plan, Source, State, Trainer, go_on};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use ndarray::ArrayD;

fn idx_file(code: u8, dims: &[u32], values: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, dims.len() as u8];
    dims.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend((0..values).map(|value| (value * 37 % 60) as u8));
    bytes
}

pub fn idx() -> Vec<Vec<u8>> {
    vec![
        idx_file(0x08, &[2, 3, 4], 24),
        idx_file(0x08, &[7], 7),
        idx_file(0x09, &[3, 2], 6),
        idx_file(0x0b, &[2, 2], 8),
        idx_file(0x0c, &[1, 3], 12),
        idx_file(0x0d, &[2, 2], 16),
        idx_file(0x0e, &[2, 1], 16),
    ]
}

pub fn gzip() -> Vec<Vec<u8>> {
    let gz = |bytes: &[u8], level| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_else(|error| panic!("{error}"))
    };
    let packed = |level| idx().into_iter().map(move |bytes| gz(&bytes, level));
    let bomb = gz(&[idx_file(0x08, &[1000, 100], 0), vec![0; 100_000]].concat(), 9);
    let two = [gz(&idx()[0][..9], 6), gz(&idx()[0][9..], 0)].concat();
    packed(6).chain(packed(0)).chain([bomb, two]).collect()
}

pub fn csv() -> Vec<Vec<u8>> {
    [
        "1,2,3\n4,5,6\n",
        "a,label,b\n1,7,2.5\n3,8,-4e-3\n",
        "\"x\",\"y\"\r\n\"1\",2\r\n\r\n,3\r\n",
        "0,1,2\n4,?,NaN\n1e10,null,6\n",
        "1.5\n\n2\n3\n",
        " 1 , 2\n 3 , 4\n5,6\n7,8\n",
        "\u{feff}class,t0\n1.0000000e+00,2\n2,0.1\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn series_csv() -> Vec<Vec<u8>> {
    [
        "1,2\n2,3\n3,4\n4,5\n5,6\n",
        "time,a,b\n0,1,2.5\n1,3,\n2,,4\n9,1,1\n10,2,2\n11,3,3\n",
        "id,t,v,label\n1,1,5,x\n2,1,6,y\n1,2,7,x\n2,2,8,y\n1,3,9,z\n2,3,9,x\n",
        "day,v\n2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n2020-01-09,4\n",
        "1,2,3,4,5,6,7\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn ts() -> Vec<Vec<u8>> {
    [
        "@univariate true\n@classLabel true a b\n@data\n1,2,3:a\n4,5:b\n",
        "# two channels\n@dimensions 2\n@equalLength false\n@classLabel true 1 2\n@data\n1,?,3:4,5,6:1\n7,8:9:2.0\n",
        "@problemName X\n@timeStamps false\n@missing false\n@classLabel false\n@equalLength true\n@seriesLength 2\n\
         @data\n1,2\n-3e-2,4\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn tsv() -> Vec<Vec<u8>> {
    ["1\t2\t3\n2\t4\tNaN\n", "a\t-1.5\t?\t2e3\r\n\r\nb\t1\t2\t3\r\n"].map(|text| text.as_bytes().to_vec()).to_vec()
}

pub fn npy() -> Vec<Vec<u8>> {
    let array = ArrayD::from_shape_fn(vec![2, 3], |at| at[0] as f32 * 0.5 - at[1] as f32);
    let header = |version: &[u8], length: &[u8], text: &str, values: usize| {
        let values: Vec<u8> = (0..values).map(|value| (value * 29 % 60) as u8).collect();
        [&b"\x93NUMPY"[..], version, length, text.as_bytes(), &values].concat()
    };
    vec![
        npy::encode(&array.view()),
        header(&[1, 0], &[62, 0], "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }   \n", 32),
        header(&[2, 0], &[56, 0, 0, 0], "{\"shape\":(1,2), \"fortran_order\":False, \"descr\":\">f4\"}  \n", 8),
        header(&[3, 0], &[60, 0, 0, 0], "{'shape': (1, 2), 'fortran_order': False, 'descr': '<f4'}  \n", 8),
        header(&[1, 0], &[58, 0], "{'descr': '>f8', 'fortran_order': False, 'shape': (1, 1)}\n", 8),
    ]
}

/// An array with elements of `size` bytes.
fn of(descr: &str, order: &str, shape: &[usize], size: usize) -> Vec<u8> {
    let dims: String = shape.iter().map(|dim| format!("{dim},")).collect();
    let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({dims})}}\n");
    let values: Vec<u8> = (0..shape.iter().product::<usize>() * size).map(|at| (at * 29 % 60) as u8).collect();
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), &values].concat()
}

/// Arrays of other types and shapes.
pub fn array() -> Vec<Vec<u8>> {
    vec![
        of("|u1", "False", &[2, 4, 3, 3], 1),
        of("|u1", "True", &[2, 3, 2, 4], 1),
        of("|b1", "False", &[3, 2, 2], 1),
        of("|i1", "True", &[3, 2], 1),
        of("<f2", "False", &[2, 3], 2),
        of(">i2", "True", &[2, 2, 2, 2, 2], 2),
        of("<u4", "False", &[2, 3], 4),
        of(">i8", "False", &[2, 1], 8),
        of("<f8", "True", &[3, 2, 2, 1], 8),
    ]
}

/// A zip file with these files, following the format, each as it is or compressed.
fn zip(files: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, contents) in files {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(6));
        let packed = encoder.write_all(contents).and_then(|()| encoder.finish());
        let packed = packed.unwrap_or_else(|error| panic!("{error}"));
        let stored = if deflate { &packed } else { contents };
        let [packed, unpacked] = [stored.len(), contents.len()].map(|length| (length as u32).to_le_bytes());
        let (method, length) = (if deflate { [8, 0] } else { [0, 0] }, (name.len() as u16).to_le_bytes());
        let crc = crc32(contents).to_le_bytes();
        let about = [&[20, 0, 0, 0], &method[..], &[0; 4], &crc, &packed, &unpacked, &length, &[0, 0]].concat();
        let offset = (zip.len() as u32).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0", &about[..], &[0; 10], &offset, name.as_bytes()].concat());
        zip.extend([b"PK\x03\x04", &about[..], name.as_bytes(), stored].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let lengths = [directory.len(), zip.len()].map(|length| (length as u32).to_le_bytes()).concat();
    zip.extend([&directory[..], b"PK\x05\x06\0\0\0\0", &count, &count, &lengths, &[0, 0]].concat());
    zip
}

pub fn npz() -> Vec<Vec<u8>> {
    let arrays = array();
    let parts = |names: [&'static str; 2]| names.into_iter().zip([arrays[0].clone(), arrays[0].clone()]);
    let labels = ("y_train.npy", of("<i2", "False", &[2], 2));
    let keras: Vec<_> = parts(["x_train.npy", "x_test.npy"]).chain([labels]).collect();
    let med: Vec<_> = parts(["train_images.npy", "val_images.npy"]).collect();
    let one = |at: usize| [("arr_0.npy", arrays[at].clone())];
    vec![zip(&keras, false), zip(&keras, true), zip(&med, true), zip(&one(2), false), zip(&one(8), true)]
}

/// A zip file with a correct directory around the input: the input is the array, compressed if its length is odd.
pub fn with_right_directory(bytes: &[u8]) -> Vec<u8> {
    zip(&[("x.npy", bytes.to_vec())], bytes.len() % 2 == 1)
}

fn pictures(format: ImageFormat) -> Vec<Vec<u8>> {
    let image = RgbaImage::from_fn(9, 7, |x, y| Rgba([(x * 20) as u8, (y * 30) as u8, (x * y) as u8, 255 - x as u8]));
    let image = DynamicImage::from(image);
    let mut kinds = vec![image.to_luma8().into(), image.to_rgb8().into()];
    if format == ImageFormat::Png {
        let wide: [DynamicImage; 3] = [image.to_luma_alpha8().into(), image.to_rgba16().into(), image.clone()];
        kinds.extend(wide);
    }
    let write = |image: &DynamicImage| {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap_or_else(|error| panic!("{error}"));
        file.into_inner()
    };
    kinds.iter().map(write).collect()
}

pub fn png() -> Vec<Vec<u8>> {
    let plain = pictures(ImageFormat::Png);
    // A text, a compressed text, a profile and Exif data, after the header.
    let chunk = |name: &[u8], text: &[u8]| {
        [&(text.len() as u32).to_be_bytes()[..], name, text, &crc32(&[name, text].concat()).to_be_bytes()].concat()
    };
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), Compression::new(9));
    let packed =
        packed.write_all(&[b'x'; 2000]).and_then(|()| packed.finish()).unwrap_or_else(|error| panic!("{error}"));
    let chunks = [
        chunk(b"tEXt", b"Comment\0none"),
        chunk(b"zTXt", &[b"Comment\0\0", &packed[..]].concat()),
        chunk(b"iCCP", &[b"icc\0\0", &packed[..]].concat()),
        chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
    ];
    let with_chunks = [&plain[1][..33], &chunks.concat(), &plain[1][33..]].concat();
    plain.into_iter().chain([with_chunks]).collect()
}

pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A progressive JPEG of 8×8 in grey, in hexadecimal, made with Pillow, because the encoder used here writes only
/// other kinds.
const PROGRESSIVE: &str = "\
    ffd8ffdb0043001b12141714111b1716171e1c1b2028422b28252528513a3d3042605565645f555d5b6a7899816a7190735b5d85b58690\
    9ea3abadab6780bcc9baa6c799a8aba4ffc2000b080008000801011100ffc40014000100000000000000000000000000000003ffda0008\
    0101000000013fffc400161000030000000000000000000000000000000203ffda0008010100010502599fffc400141001000000000000\
    00000000000000000000ffda0008010100063f027fffc4001510010100000000000000000000000000000061ffda0008010100013f219b\
    ffda0008010100000010ff00ffc4001510010100000000000000000000000000000031ffda0008010100013f1081ffd9";

pub fn jpeg() -> Vec<Vec<u8>> {
    let digits = |at: usize| PROGRESSIVE.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let progressive = (0..PROGRESSIVE.len()).step_by(2).filter_map(digits).collect();
    let plain = pictures(ImageFormat::Jpeg);
    let exif = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&plain[1][..2], exif, &plain[1][2..]].concat();
    plain.into_iter().chain([turned, progressive]).collect()
}

fn specs() -> Vec<Spec> {
    let bce = LossKind::Bce;
    vec![
        Basic { units: 2, ..Basic::default() }.spec(&[3]),
        Deep { layers: vec![3], loss: LossKind::Mse, tied: true, ..Deep::default() }.spec(&[2, 2]),
        Vae { hidden_dims: vec![3], latent_dim: 2, beta: 0.5, ..Vae::default() }.spec(&[4]),
        StridedConv { filters: vec![2], loss: bce, ..StridedConv::default() }.spec(&[4, 4]),
        SequenceAutoencoder { units: 2, bidirectional: true, loss: bce, ..Default::default() }.spec(&[3, 2]),
        NextStep { cell: Cell::GRU, units: 2, loss: bce, ..NextStep::default() }.spec(&[3, 2]),
    ]
}

pub fn model() -> Vec<Vec<u8>> {
    let write = |spec: &Spec, part| {
        let network = Network::new(spec).unwrap_or_else(|error| panic!("{error}"));
        let theta = network.init(5);
        let part = network.split(part, &theta).unwrap_or_else(|error| panic!("{error}"));
        file::encode(&part.0, &part.1).unwrap_or_else(|error| panic!("{error}"))
    };
    let whole = specs().into_iter().map(|spec| write(&spec, Part::Whole));
    whole.chain([write(&specs()[0], Part::Encoder), write(&specs()[2], Part::Decoder)]).collect()
}

/// The start of the training whose checkpoints are used.
pub fn training() -> (Trainer<f32>, Samples, Plan) {
    let network = Network::new(&specs()[0]).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan { epochs: 2, early_stopping: Some(2), ..Plan::default() };
    let trainer = Trainer::new(network, &handgrad_tests::training(ADAM, 3)).unwrap_or_else(|error| panic!("{error}"));
    (trainer, bytes(5, 3, 1), plan)
}

/// A checkpoint after each step and after each epoch.
pub fn checkpoint() -> Vec<Vec<u8>> {
    let (mut trainer, samples, plan) = training();
    let (mut state, source, mut files) = (State::new(&trainer), Source::new(&samples), Vec::new());
    for _ in 0..4 {
        go_on(&mut trainer, &source, &source, &plan, &mut state, &mut stop).unwrap_or_else(|error| panic!("{error}"));
        let checkpoint = Checkpoint::of(&trainer, &state, "about = 1");
        files.push(checkpoint.encode().unwrap_or_else(|error| panic!("{error}")));
    }
    files
}

/// The specifications alone, as they are stored in model files.
pub fn spec() -> Vec<Vec<u8>> {
    #[derive(serde::Serialize)]
    struct Whole {
        model: Spec,
    }
    let text = |model| toml::to_string(&Whole { model }).unwrap_or_else(|error| panic!("{error}"));
    specs().into_iter().map(|model| text(model).into_bytes()).collect()
}

/// From the first model: the text before the specification, with MODEL_SHA256 instead of its digest; and the JSON of
/// its tensors and their bytes, starting with the comma after the metadata.
pub fn head_and_tensors() -> [Vec<u8>; 2] {
    let bytes = &model()[0];
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default()) as usize;
    let header: serde_json::Value =
        serde_json::from_slice(&bytes[8..8 + length]).unwrap_or_else(|error| panic!("{error}"));
    let text = header["__metadata__"]["handgrad"].as_str().unwrap_or_default();
    let head = text[..text.find("[model]").unwrap_or_default()].to_owned();
    let at = head.find("model_sha256 = \"").unwrap_or_default() + "model_sha256 = \"".len();
    let head = head[..at].to_owned() + "MODEL_SHA256" + &head[at + 64..];
    let mut tensors = header.as_object().cloned().unwrap_or_default();
    tensors.remove("__metadata__");
    let json = serde_json::to_string(&tensors).unwrap_or_else(|error| panic!("{error}"));
    let tensors =
        [(json.len() as u32).to_le_bytes().to_vec(), json.into_bytes(), bytes[8 + length..].to_vec()].concat();
    [head.into_bytes(), tensors]
}

/// A model file from a text for the metadata, in JSON, and the second part of [`head_and_tensors`].
pub fn model_file(text: &str, tensors: &[u8]) -> Vec<u8> {
    let (length, rest) = tensors.split_at(4);
    let (json, data) = rest.split_at(u32::from_le_bytes(length.try_into().unwrap_or_default()) as usize);
    let header = [b"{\"__metadata__\":{\"handgrad\":", text.as_bytes(), b"},", &json[1..]].concat();
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}

pub fn config() -> Vec<Vec<u8>> {
    [
        "preset = \"basic\"\nepochs = 3\nlayers = [8, 4]\nlearning_rate = 1e-3\nseed = 7\n",
        "data = \"s.csv\"\nlabel_column = \"last\"\nfill = \"mean\"\nwindow = 4\nonly_class = [1, 2]\nscale \
         = \"min-max\"\n",
        "# a comment\nmodel = 'sequence'\ncell = \"gru\"\nbidirectional = true\nnoise = \"gaussian\"\nnoise_level = \
         0.5\n",
        "loss = \"bce\"\nreduction = \"sum\"\nschedule = \"cosine\"\nschedule_floor = inf\nclip_norm = \
         +1_0.5\ndata_dir = \"\"\"\\u00e9\"\"\"\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
