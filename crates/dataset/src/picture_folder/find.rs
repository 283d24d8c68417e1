//! Finds the files in a folder, with their parts and classes. No file is opened.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use handgrad_files::shown;

use super::unfit;
use crate::{Error, count};

/// A file or folder that is not read, and why.
pub(super) struct LeftOut {
    pub path: PathBuf,
    pub reason: String,
}

/// Files that may be pictures, sorted by their paths.
#[derive(Default)]
pub(super) struct Files {
    pub files: Vec<PathBuf>,
    /// The class of each file, as a position in `names`. `None` for a file that is in no class folder.
    pub classes: Vec<Option<usize>>,
    /// The names of the class folders.
    pub names: Vec<String>,
    pub left_out: Vec<LeftOut>,
}

impl Files {
    /// The files for whose positions `wanted` returns true.
    pub fn filter(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.files.len()).filter(|&at| wanted(at)).collect();
        Self {
            files: kept.iter().map(|&at| self.files[at].clone()).collect(),
            classes: kept.iter().map(|&at| self.classes[at]).collect(),
            names: self.names.clone(),
            left_out: Vec::new(),
        }
    }

    /// Refuses pictures without a class beside pictures that have one.
    pub fn check_classes(&self, folder: &Path) -> Result<(), Error> {
        let without = self.classes.iter().filter(|class| class.is_none()).count();
        if without == 0 || without == self.classes.len() {
            return Ok(());
        }
        let (pictures, with) = (count(without, "picture", "pictures"), self.classes.len() - without);
        let problem = format!(
            "found {pictures} without a class beside folders with {}, where either class folders or pictures alone \
             were expected; move the pictures into folders, or the folders away",
            count(with, "picture", "pictures")
        );
        Err(unfit(folder, problem))
    }
}

/// The parts of a data set.
pub(super) struct Parts {
    /// `None` if there is only a folder `test`.
    pub train: Option<Files>,
    pub validation: Option<Files>,
    /// A folder of test pictures beside one for validation.
    pub not_used: Option<PathBuf>,
}

const TRAIN: &[&str] = &["train", "training"];
const VALIDATION: &[&str] = &["val", "valid", "validation"];
const TEST: &[&str] = &["test", "testing"];

/// Finds the parts of a folder. Returns `None` if no file in it has a name like a picture.
pub(super) fn parts(folder: &Path) -> Result<Option<Parts>, Error> {
    let top = look(folder)?;
    let is = |path: &Path, names: &[&str]| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        names.contains(&&*name)
    };
    let of = |names: &[&str]| top.folders.iter().find(|path| is(path, names));
    let (train, validation, test) = (of(TRAIN), of(VALIDATION), of(TEST));
    let known = [train, validation, test].into_iter().flatten().count();
    let parts = if known == top.folders.len() && (train.is_some() || test.is_some() && validation.is_none()) {
        let read = |path: Option<&PathBuf>| path.map(|path| files(look(path)?)).transpose();
        let mut parts = Parts {
            train: read(train)?,
            validation: read(validation.or(test))?,
            not_used: validation.and(test).cloned(),
        };
        // Files beside the folders of the parts belong to none of them.
        let outside = top.files.into_iter().map(|path| {
            let reason = "it is beside the folders of the parts".to_owned();
            LeftOut { path, reason }
        });
        if let Some(part) = parts.train.as_mut().or(parts.validation.as_mut()) {
            part.left_out.extend(top.left_out.into_iter().chain(outside));
        }
        parts
    } else {
        Parts { train: Some(files(top)?), validation: None, not_used: None }
    };
    let mut all = parts.train.iter().chain(&parts.validation).flat_map(|part| &part.files);
    Ok(all.any(|path| has_the_name_of_a_picture(path)).then_some(parts))
}

fn has_the_name_of_a_picture(path: &Path) -> bool {
    let endings = ["png", "jpg", "jpeg", "jpe", "jfif"];
    path.extension().is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

/// What is directly in a folder.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    left_out: Vec<LeftOut>,
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn look(folder: &Path) -> Result<Found, Error> {
    let mut found = Found::default();
    for name in handgrad_files::entries(folder)?.into_iter().filter(|name| !is_hidden(name)) {
        let path = folder.join::<OsString>(name);
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => found.folders.push(path),
            Ok(about) if about.is_file() => found.files.push(path),
            Ok(_) => found.left_out.push(LeftOut { path, reason: "it is neither a file nor a folder".into() }),
            Err(error) => found.left_out.push(LeftOut { path, reason: format!("it cannot be opened: {error}") }),
        }
    }
    Ok(found)
}

/// The files of one part: those directly in it, and those in its class folders at any depth.
fn files(top: Found) -> Result<Files, Error> {
    let mut part = Files { left_out: top.left_out, ..Files::default() };
    part.classes.resize(top.files.len(), None);
    part.files = top.files;
    for class in top.folders {
        let Some(name) = class.file_name().and_then(OsStr::to_str).map(str::to_owned) else {
            part.left_out.push(LeftOut { path: class, reason: "its name is not Unicode text: rename it".into() });
            continue;
        };
        let mut inside = Vec::new();
        let mut waiting = vec![class.clone()];
        while let Some(folder) = waiting.pop() {
            let found = look(&folder)?;
            inside.extend(found.files);
            part.left_out.extend(found.left_out);
            for folder in found.folders {
                if folder.is_symlink() {
                    let reason = "it is a link to a folder, and only links to class folders are followed".into();
                    part.left_out.push(LeftOut { path: folder, reason });
                } else {
                    waiting.push(folder);
                }
            }
        }
        if inside.is_empty() {
            part.left_out.push(LeftOut { path: class, reason: "it is a folder without files".into() });
            continue;
        }
        inside.sort();
        part.classes.resize(part.classes.len() + inside.len(), Some(part.names.len()));
        part.files.extend(inside);
        part.names.push(name);
    }
    Ok(part)
}

/// The first of these files with the reasons, in one line.
pub(super) fn list(folder: &Path, left_out: &[LeftOut]) -> String {
    let one =
        |LeftOut { path, reason }: &LeftOut| format!("{} ({reason})", shown(path.strip_prefix(folder).unwrap_or(path)));
    let mut text = left_out.iter().take(super::LISTED).map(one).collect::<Vec<_>>().join("; ");
    if left_out.len() > super::LISTED {
        text += &format!("; and {}", count(left_out.len() - super::LISTED, "more file", "more files"));
    }
    text
}
