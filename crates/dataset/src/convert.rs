//! Writes data sets as folders of IDX files, which other programs can read too.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use byteorder::{BigEndian, WriteBytesExt};
use handgrad_files::{Seam, Together, place};

use crate::{DataSet, Error, Labels, Samples, Values, count};

/// The name of the file with the names of the classes, one on each line. The first line is the class with the label 0.
pub const CLASSES: &str = "classes.txt";

/// The element types of IDX files, as their names say them.
const UBYTE: (u8, &str) = (0x08, "ubyte");
const FLOAT: (u8, &str) = (0x0d, "float");
const DOUBLE: (u8, &str) = (0x0e, "double");

/// Writes a data set to a folder as IDX files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the same with
/// `t10k` for the validation samples. Samples of one dimension are called `samples`. The names of files with numbers
/// that are not bytes end in `float` or `double`. Labels are bytes in IDX: classes that are not whole numbers from 0 to
/// 255 are numbered, and their names are written to [`CLASSES`]. Returns the paths of the files. Either all of them are
/// written or none.
///
/// # Errors
/// If one of the files exists already or cannot be written, if there are more than 256 classes or if an IDX file cannot
/// have the shape of the samples.
pub fn write_idx(set: &DataSet, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let classes = numbered_classes(set, folder)?;
    let mut files: Vec<(PathBuf, Content)> = Vec::new();
    for (beginning, samples) in [("train", &set.train), ("t10k", &set.validation)] {
        let rank = samples.shape.len() + 1;
        let (_, element) = element(&samples.values);
        let noun = samples.nouns()[1];
        files.push((folder.join(format!("{beginning}-{noun}-idx{rank}-{element}")), Content::Samples(samples)));
        if let Some(labels) = &samples.labels {
            let bytes = bytes_of(labels, classes.as_ref());
            files.push((folder.join(format!("{beginning}-labels-idx1-ubyte")), Content::Labels(bytes)));
        }
    }
    if let Some(classes) = &classes {
        let text: String = classes.iter().map(|class| format!("{class}\n")).collect();
        files.push((folder.join(CLASSES), Content::Text(text)));
    }
    files.iter().try_for_each(|(path, _)| place::must_be_free(path))?;
    let mut new = Together::default();
    for (path, content) in &files {
        content.write(path)?;
        new.add(path);
    }
    new.keep();
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// What a file holds.
enum Content<'a> {
    Samples(&'a Samples),
    Labels(Vec<u8>),
    Text(String),
}

impl Content<'_> {
    fn write(&self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Samples(samples) => {
                let dims = [&[samples.len()], &samples.shape[..]].concat();
                write_idx_file(path, element(&samples.values).0, &dims, |file| match &samples.values {
                    Values::Bytes(values) => values.rows().into_iter().try_for_each(|row| match row.as_slice() {
                        Some(bytes) => file.write_all(bytes),
                        None => row.iter().try_for_each(|byte| file.write_all(&[*byte])),
                    }),
                    Values::Floats(values) => values.iter().try_for_each(|&value| file.write_f32::<BigEndian>(value)),
                    Values::Doubles(values) => values.iter().try_for_each(|&value| file.write_f64::<BigEndian>(value)),
                })
            }
            Self::Labels(bytes) => write_idx_file(path, UBYTE.0, &[bytes.len()], |file| file.write_all(bytes)),
            Self::Text(text) => Ok(handgrad_files::write_new(path, text.as_bytes())?),
        }
    }
}

const fn element(values: &Values) -> (u8, &'static str) {
    match values {
        Values::Bytes(_) => UBYTE,
        Values::Floats(_) => FLOAT,
        Values::Doubles(_) => DOUBLE,
    }
}

/// Writes a new IDX file. `values` writes the values.
fn write_idx_file(
    path: &Path,
    code: u8,
    dims: &[usize],
    values: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let wide: Vec<u64> = dims.iter().map(|&size| size as u64).collect();
    let narrow: Result<Vec<u32>, _> = dims.iter().map(|&size| u32::try_from(size)).collect();
    let (Ok(rank @ 1..), Ok(narrow), false) = (u8::try_from(dims.len()), narrow, dims.contains(&0)) else {
        return Err(Error::CannotWrite { path: path.to_path_buf(), dims: wide });
    };
    let file = handgrad_files::beside(path)?;
    let write = || -> io::Result<()> {
        let mut buffered = BufWriter::new(Seam(file.as_file()));
        buffered.write_all(&[0, 0, code, rank])?;
        narrow.into_iter().try_for_each(|size| buffered.write_u32::<BigEndian>(size))?;
        values(&mut buffered)?;
        buffered.flush()
    };
    write().map_err(Error::io(path, "writing"))?;
    Ok(handgrad_files::keep_new(file, path)?)
}

/// The classes of both parts in the order of their numbers. `None` if the labels are bytes already, or if there are
/// none.
fn numbered_classes(set: &DataSet, folder: &Path) -> Result<Option<Vec<String>>, Error> {
    let of_parts = || set.train.labels.iter().chain(&set.validation.labels);
    if of_parts().all(|labels| labels.bytes().is_some()) {
        return Ok(None);
    }
    let classes = Labels::named(of_parts().flat_map(Labels::classes)).classes().to_vec();
    let unfit = |problem: String| Error::Unfit { path: folder.to_path_buf(), problem };
    if classes.len() > 256 {
        return Err(unfit(format!(
            "the data has {} classes, but labels are bytes in IDX, which can number 256: use fewer classes",
            classes.len()
        )));
    }
    if let Some(class) = classes.iter().find(|class| class.contains(['\n', '\r']) || class.trim() != **class) {
        return Err(unfit(format!("the class {class:?} cannot be one line of {CLASSES}: give it another name")));
    }
    Ok(Some(classes))
}

/// The labels as bytes: the numbers in `classes`, or the classes themselves.
fn bytes_of(labels: &Labels, classes: Option<&Vec<String>>) -> Vec<u8> {
    let Some(classes) = classes else { return labels.bytes().unwrap_or_default() };
    let numbers: HashMap<&str, u8> = classes.iter().map(String::as_str).zip(0..=u8::MAX).collect();
    labels.names().map(|name| numbers.get(name).copied().unwrap_or_default()).collect()
}

/// Replaces the numbers in labels by the names in the file [`CLASSES`] beside them, if there is such a file.
///
/// # Errors
/// If the file cannot be read, or has fewer lines than there are classes.
pub(crate) fn with_names(labels: Vec<u8>, folder: &Path) -> Result<Labels, Error> {
    /// The most bytes of the file: 256 lines of 4 KiB.
    const LONGEST: u64 = 1 << 20;
    let path = folder.join(CLASSES);
    if !path.is_file() {
        return Ok(labels.into());
    }
    let unfit = |problem: String| Error::Unfit { path: path.clone(), problem };
    let text = String::from_utf8(handgrad_files::read(&path, LONGEST)?);
    let text = text.map_err(|_| unfit("it is not UTF-8 text, where the names of the classes were expected".into()))?;
    let names: Vec<&str> = text.lines().map(str::trim).collect();
    let most = labels.iter().max().map_or(0, |&label| usize::from(label));
    if most >= names.len() {
        return Err(unfit(format!(
            "it has {}, but there are labels up to {most}, and each needs a line with its name, starting with the \
             class 0: complete it, or move it away to use the numbers",
            count(names.len(), "line", "lines"),
        )));
    }
    Ok(Labels::named(labels.iter().map(|&label| names[usize::from(label)])))
}
