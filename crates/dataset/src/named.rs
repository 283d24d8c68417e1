//! The data sets known by name, with the size and SHA-256 of every file.

use handgrad_files::Progress;
use std::path::{Path, PathBuf};

use crate::download::Downloader;
use crate::idx::USUAL_NAMES;
use crate::{Error, ecg5000, synthetic};

/// A file of a named set. A file is accepted only if it has this length and this SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name, on the mirrors and on disk.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// A data set known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedSet {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its licence and its owner.
    pub licence: &'static str,
    /// Its files. The synthetic set has none, because it is generated.
    pub files: &'static [RemoteFile],
    /// The addresses of folders on the web that hold the files, in the order in which they are tried. Each ends in a
    /// slash.
    pub mirrors: &'static [&'static str],
}

static ALL: [NamedSet; 4] = [
    NamedSet {
        name: "fashion-mnist",
        about: "60,000 + 10,000 grey pictures of clothes, 28×28, in ten classes",
        licence: "MIT, Copyright 2017 Zalando SE",
        files: &[
            RemoteFile {
                name: USUAL_NAMES[0],
                bytes: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            },
            RemoteFile {
                name: USUAL_NAMES[1],
                bytes: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            },
            RemoteFile {
                name: USUAL_NAMES[2],
                bytes: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            },
            RemoteFile {
                name: USUAL_NAMES[3],
                bytes: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            },
        ],
        mirrors: &[
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
    },
    NamedSet {
        name: "mnist",
        about: "60,000 + 10,000 grey pictures of handwritten digits, 28×28",
        licence: "by Yann LeCun and Corinna Cortes from NIST's data; commonly stated to be CC BY-SA 3.0",
        files: &[
            RemoteFile {
                name: USUAL_NAMES[0],
                bytes: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            },
            RemoteFile {
                name: USUAL_NAMES[1],
                bytes: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            },
            RemoteFile {
                name: USUAL_NAMES[2],
                bytes: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            },
            RemoteFile {
                name: USUAL_NAMES[3],
                bytes: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            },
        ],
        mirrors: &[
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ],
    },
    NamedSet {
        name: ecg5000::NAME,
        about: "4,000 + 1,000 heartbeats of 140 values, in five classes, of which 1 is normal",
        licence: "distributed by the UCR archive for research; the signal is PhysioNet's, Open Data Commons \
            Attribution",
        files: &[
            RemoteFile {
                name: ecg5000::FILES[0],
                bytes: 786_687,
                sha256: "d39031b412943b7e67c0f61911799a49f2d442d942320b1d1f112fd5efd9ddba",
            },
            RemoteFile {
                name: ecg5000::FILES[1],
                bytes: 7_083_836,
                sha256: "f5f51f4ff81533b98668b617d5622aa49b8e2d5686afc3cfc1617becc0de76ae",
            },
        ],
        mirrors: &[],
    },
    NamedSet {
        name: synthetic::NAME,
        about: "10,000 + 2,000 drawings of the ten classes of Fashion-MNIST, 28×28, made on the spot",
        licence: "as this program",
        files: &[],
        mirrors: &[],
    },
];

/// Every set that is known by name.
#[must_use]
pub fn all() -> &'static [NamedSet] {
    &ALL
}

/// Returns the set with this name, if there is one.
#[must_use]
pub fn find(name: &str) -> Option<&'static NamedSet> {
    ALL.iter().find(|set| set.name == name)
}

/// Makes sure that all files of a set are in its folder in `data_dir`, and returns that folder. Missing files are
/// downloaded, existing files are checked by their length and SHA-256, and no file is ever overwritten. For a set
/// without files, the returned folder may not exist.
///
/// # Errors
/// If an existing file is wrong, a file cannot be read or written, or no mirror delivers a missing file
/// ([`Error::is_unavailable`]).
pub fn fetch(set: &NamedSet, data_dir: &Path, progress: &dyn Progress) -> Result<PathBuf, Error> {
    Downloader::for_set(set).fetch(set, data_dir, progress)
}
