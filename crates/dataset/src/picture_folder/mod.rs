//! Folders of PNG and JPEG files, for example one folder for each class.
//!
//! A sample in colour has the shape channels × height × width, with the channels red, green and blue. A grey sample has
//! the shape height × width. Samples are grey if all files are grey. The values are bytes; files with 16 bits per value
//! are rounded to 8 bits.
//!
//! Folders are read in this way:
//!
//! - If all folders in the folder are called `train`, `val`, `validation` or `test`, they are the parts of the data.
//!   `val` or `validation` is used for validation, otherwise `test`.
//! - If a part has folders, each of them is a class. The files in a class are found at any depth.
//! - Names that begin with a dot are ignored. Links to files and to class folders are followed, but links to deeper
//!   folders are not, so that no link can lead in circles.
//!
//! Files are read in parallel, and samples are in the order of their paths, so the result does not depend on the number
//! of threads.

mod find;
mod pixels;

use crate::held_out::held_out;
use std::path::{Path, PathBuf};

use handgrad_files::{Progress, shown};

use self::find::{Files, LeftOut, Parts, list};
use self::pixels::Form;
use crate::csv::Layout;
use crate::{DataSet, Error, Labels, Places, Samples, Values, count, sizes};

/// The number of files that a message lists by name.
const LISTED: usize = 10;

/// Loads the pictures in a folder for training, with the size and the colours that `layout` asks for. Returns `None` if
/// there are no pictures at all.
///
/// # Errors
/// If the folder cannot be read, if no picture can be read, if the pictures differ in size and `layout` has no size, or
/// if there are too few of them.
pub fn load(folder: &Path, layout: &Layout, progress: &dyn Progress) -> Result<Option<DataSet>, Error> {
    let Some(Parts { train, validation, not_used }) = find::parts(folder)? else { return Ok(None) };
    let Some(train) = train else {
        let problem = "found test pictures, but no folder train, where pictures to train on were expected; give the \
                       folder with the test pictures itself";
        return Err(unfit(folder, problem.into()));
    };
    let has_parts = validation.is_some();
    let mut parts = vec![train];
    parts.extend(validation);
    let mut reading = Reading::of(folder, parts, layout, progress)?;
    if !has_parts {
        // The order is by class, so a block at the end would have a single class.
        let all = reading.parts.remove(0);
        let len = all.files.len();
        if len < 2 {
            return Err(Error::TooFewSamples { path: folder.to_path_buf(), found: len });
        }
        let labels: Option<Vec<String>> =
            all.classes.iter().map(|class| class.map(|class| class.to_string())).collect();
        let labels = labels.map(Labels::named);
        let (_, drawn) = held_out(len, labels.as_ref(), (len / 10).max(1), layout.seed.unwrap_or_default());
        let mut is_held_out = vec![false; len];
        drawn.iter().for_each(|&at| is_held_out[at] = true);
        let [kept, held_out] = [false, true].map(|wanted| all.filter(|at| is_held_out[at] == wanted));
        reading.parts = vec![kept, held_out];
    }
    let mut samples = reading.samples(progress)?;
    let (validation, train) = (samples.pop(), samples.pop());
    let (Some(train), Some(validation)) = (train, validation) else { return Ok(None) };
    let mut understood = reading.understood(&[&train, &validation]);
    understood.extend(not_used.map(|name| format!("the pictures in {} are not used", shown(&name))));
    let name = folder.file_name().map_or_else(|| "folder".to_owned(), shown);
    Ok(Some(DataSet {
        origin: format!("{} of {}", train.counted(), shown(folder)),
        validation_origin: match has_parts {
            true => format!("the {} in its folder for validation", validation.counted()),
            false => format!("a random tenth of each class: {}", validation.counted()),
        },
        name,
        train,
        validation,
        understood,
        columns: Vec::new(),
        table: None,
        series: None,
    }))
}

/// All pictures in a folder that has no parts, or that has only a folder `test`, and what was understood. Returns
/// `None` if there are no pictures, or if the folder has training pictures and others.
///
/// # Errors
/// The same as those of [`load`].
pub fn all(folder: &Path, layout: &Layout, progress: &dyn Progress) -> Result<Option<(Samples, Vec<String>)>, Error> {
    let part = match find::parts(folder)? {
        Some(
            Parts { train: Some(files), validation: None, .. } | Parts { train: None, validation: Some(files), .. },
        ) => files,
        _ => return Ok(None),
    };
    let mut reading = Reading::of(folder, vec![part], layout, progress)?;
    let samples = reading.samples(progress)?.pop();
    Ok(samples.map(|samples| {
        let understood = reading.understood(&[&samples]);
        (samples, understood)
    }))
}

/// Pictures that are being read.
struct Reading {
    folder: PathBuf,
    parts: Vec<Files>,
    form: Form,
    /// The sizes that the files have, in words, if they are scaled.
    scaled_from: Option<String>,
    left_out: Vec<LeftOut>,
}

impl Reading {
    /// Reads the sizes and kinds of all pictures, leaves out what is none, and finds out the shape of a sample.
    fn of(folder: &Path, mut parts: Vec<Files>, layout: &Layout, progress: &dyn Progress) -> Result<Self, Error> {
        let mut left_out: Vec<LeftOut> = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.left_out)).collect();
        let mut about = Vec::new();
        for part in &mut parts {
            let (readable, found) = pixels::about(part, &mut left_out, progress)?;
            *part = part.filter(|at| readable[at]);
            part.check_classes(folder)?;
            about.extend(found);
        }
        if about.is_empty() {
            let listed = list(folder, &left_out);
            let problem = "found no picture that can be read, where PNG or JPEG files were expected";
            return Err(unfit(folder, format!("{problem}: {listed}")));
        }
        let (form, scaled_from) = Form::of(&about, layout).map_err(|problem| unfit(folder, problem))?;
        Ok(Self { folder: folder.to_path_buf(), parts, form, scaled_from, left_out })
    }

    /// The samples of each part. Files whose pixels are damaged are left out.
    fn samples(&mut self, progress: &dyn Progress) -> Result<Vec<Samples>, Error> {
        let mut samples = Vec::new();
        for part in &self.parts {
            let (values, readable) = pixels::decode(part, &self.form, &self.folder, &mut self.left_out, progress)?;
            let part = part.filter(|at| readable[at]);
            if part.files.is_empty() {
                return Err(Error::TooFewSamples { path: self.folder.clone(), found: 0 });
            }
            let labels = part.classes.iter().map(|class| class.map(|class| part.names[class].as_str()));
            let labels: Option<Vec<&str>> = labels.collect();
            self.left_out.sort_by(|a, b| a.path.cmp(&b.path));
            let mut places = Places::new(vec!["file".to_owned()]);
            part.files.iter().for_each(|file| {
                let file = file.strip_prefix(&self.folder).unwrap_or(file);
                places.push([shown(file).into()]);
            });
            samples.push(Samples {
                values: Values::Bytes(values),
                shape: self.form.shape(),
                labels: labels.map(Labels::named),
                places: Some(places),
            });
        }
        Ok(samples)
    }

    /// What was understood, in lines for people.
    fn understood(&self, parts: &[&Samples]) -> Vec<String> {
        let all = parts.iter().map(|samples| samples.len()).sum();
        let mut classes: Vec<String> = parts.iter().flat_map(|samples| samples.classes()).collect();
        classes.sort();
        classes.dedup();
        let classes = Labels::named(&classes);
        let mut lines = vec![format!(
            "{} of {} in {}, {}",
            count(all, "picture", "pictures"),
            sizes(&self.form.size),
            match self.form.in_colour {
                true => "colour (channels × height × width inside)",
                false => "grey",
            },
            in_words(classes.classes()),
        )];
        lines.extend(self.scaled_from.as_ref().map(|from| format!("they are scaled from {from}")));
        if !self.left_out.is_empty() {
            let files = count(self.left_out.len(), "file", "files");
            lines.push(format!("{files} left out: {}", list(&self.folder, &self.left_out)));
        }
        lines
    }
}

/// `3 classes: cat, dog, owl`. At most the first ten are listed.
pub(crate) fn in_words(classes: &[String]) -> String {
    if classes.is_empty() {
        return "no classes".into();
    }
    let listed = classes.iter().take(LISTED).map(shown).collect::<Vec<_>>().join(", ");
    let more = if classes.len() > LISTED { ", …" } else { "" };
    format!("{}: {listed}{more}", count(classes.len(), "class", "classes"))
}

fn unfit(path: &Path, problem: String) -> Error {
    Error::Unfit { path: path.to_path_buf(), problem }
}
