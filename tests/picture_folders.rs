//! Folders of PNG and JPEG files as data: their values, classes and parts, and what is left out.

use std::fs;
use std::path::{Path, PathBuf};

use handgrad_dataset::csv::Layout;
use handgrad_dataset::{DataSet, Error, Samples, Values, Whole, load, without_parts};
use image::{GrayImage, Luma, Rgb, RgbImage};
use ndarray::Array2;

/// A picture whose pixels depend on everything.
fn colour(class: usize, number: usize, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value =
            |k: usize| ((x as usize * 7 + y as usize * 13 * k + number * 31 + class * 57 + k * 101) % 256) as u8;
        Rgb([value(1), value(2), value(3)])
    })
}

fn grey(number: usize, width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([(x * 9 + y * 5 + number as u32 * 40) as u8]))
}

fn folder_of(path: PathBuf) -> PathBuf {
    fs::create_dir_all(&path).expect("a folder");
    path
}

const CLASSES: [&str; 3] = ["cat", "dog", "owl"];

/// 20 pictures of 12 × 9 (width × height) in each of three classes.
fn write_classes(at: &Path) {
    for (class, name) in CLASSES.iter().enumerate() {
        let folder = folder_of(at.join(name));
        for number in 0..20 {
            colour(class, number, 12, 9).save(folder.join(format!("{number:02}.png"))).expect("a picture");
        }
    }
}

/// The bytes of a picture as channels × height × width, from the pixels that were drawn.
fn planes(image: &RgbImage) -> Vec<u8> {
    (0..3).flat_map(|channel| image.pixels().map(move |pixel| pixel[channel])).collect()
}

fn layout(size: Option<[usize; 2]>) -> Layout {
    Layout { size, ..Layout::default() }
}

fn loaded(at: &Path, size: Option<[usize; 2]>) -> Result<DataSet, Error> {
    load(at.to_str().expect("text"), Path::new("/nowhere"), &layout(size), &())
}

fn whole(at: &Path, size: Option<[usize; 2]>) -> Result<Option<Whole>, Error> {
    without_parts(at, &layout(size), &())
}

fn bytes(samples: &Samples) -> &Array2<u8> {
    let Values::Bytes(values) = &samples.values else { panic!("bytes were expected") };
    values
}

#[test]
fn class_folders_give_colours_and_labels_in_the_order_of_the_paths() {
    let folder = tempfile::tempdir().expect("a folder");
    write_classes(folder.path());
    let Whole { samples, understood, .. } = whole(folder.path(), None).expect("read").expect("no parts");
    assert_eq!(samples.shape, [3, 9, 12]);
    let expected: Vec<u8> = (0..60).flat_map(|at| planes(&colour(at / 20, at % 20, 12, 9))).collect();
    assert_eq!(bytes(&samples), Array2::from_shape_vec((60, 324), expected).expect("rows"));
    let labels: Vec<&str> = samples.labels.as_ref().expect("labels").names().collect();
    assert_eq!(labels, (0..60).map(|at| CLASSES[at / 20]).collect::<Vec<_>>());
    let line = "60 pictures of 9×12 in colour (channels × height × width inside), 3 classes: cat, dog, owl";
    assert_eq!(understood, [line]);

    // For training, a tenth is held out, and every picture is in one of the two parts.
    let set = loaded(folder.path(), None).expect("loaded");
    assert_eq!((set.train.len(), set.validation.len(), &set.understood[..]), (54, 6, &[line.to_owned()][..]));
    let rows = |samples: &Samples| bytes(samples).rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
    let (mut both, mut all) = ([rows(&set.train), rows(&set.validation)].concat(), rows(&samples));
    both.sort();
    all.sort();
    assert_eq!(both, all);
    assert_eq!(set.validation.classes(), CLASSES, "each class is in both parts");
}

#[test]
fn the_result_is_the_same_at_every_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    write_classes(folder.path());
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| loaded(folder.path(), Some([5, 7])).expect("loaded"))
    };
    let one = with(1);
    assert_eq!(one.train.shape, [3, 5, 7]);
    assert_eq!(one.understood[1], "they are scaled from 1 size: 60 of 9×12");
    assert!((2..=3).all(|threads| with(threads) == one));
}

#[test]
fn folders_called_train_and_val_are_the_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write_classes(&at.join("train"));
    for (class, name) in CLASSES.iter().enumerate() {
        let inside = folder_of(at.join("Val").join(name));
        colour(class, 77, 12, 9).save(inside.join("x.png")).expect("a picture");
    }
    let test = folder_of(at.join("test"));
    fs::write(at.join("notes.txt"), "text").expect("written");
    let set = loaded(at, None).expect("loaded");
    assert_eq!((set.train.len(), set.validation.len()), (60, 3));
    assert_eq!(bytes(&set.validation).row(1).to_vec(), planes(&colour(1, 77, 12, 9)));
    let said = set.understood.join("\n");
    assert!(said.contains("63 pictures") && said.contains("notes.txt (it is beside the folders"), "{said}");
    assert!(said.ends_with("/test are not used"), "{said}");
    assert_eq!(whole(at, None).expect("read"), None, "it has both parts");

    // Test pictures alone are enough to use a model, but not to train one.
    fs::remove_dir_all(at.join("train")).expect("removed");
    fs::remove_dir_all(at.join("Val")).expect("removed");
    grey(1, 4, 4).save(test.join("a.png")).expect("a picture");
    let found = whole(at, None).expect("read").expect("one part");
    assert_eq!((found.samples.shape, found.samples.labels), (vec![4, 4], None));
    let error = loaded(at, None).expect_err("nothing to train on").to_string();
    assert!(error.contains("no folder train"), "{error}");
}

#[test]
fn grey_pictures_stay_grey_unless_one_is_in_colour() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for number in 0..4 {
        grey(number, 6, 5).save(at.join(format!("{number}.png"))).expect("a picture");
    }
    let Whole { samples, understood, .. } = whole(at, None).expect("read").expect("no parts");
    assert_eq!((&samples.shape[..], &samples.labels), (&[5, 6][..], &None));
    assert_eq!(bytes(&samples).row(2).to_vec(), grey(2, 6, 5).into_raw());
    assert_eq!(understood, ["4 pictures of 5×6 in grey, no classes"]);
    colour(1, 1, 6, 5).save(at.join("9.png")).expect("a picture");
    let samples = whole(at, None).expect("read").expect("no parts").samples;
    assert_eq!(samples.shape, [3, 5, 6]);
    let raw = grey(2, 6, 5).into_raw();
    assert_eq!(bytes(&samples).row(2).to_vec(), [&raw[..]; 3].concat(), "grey has three equal channels");
}

#[test]
fn pictures_of_several_sizes_need_a_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for number in 0..3 {
        GrayImage::from_pixel(8, 6, Luma([200])).save(at.join(format!("{number}.png"))).expect("a picture");
    }
    GrayImage::from_pixel(20, 30, Luma([90])).save(at.join("large.png")).expect("a picture");
    let error = loaded(at, None).expect_err("two sizes").to_string();
    assert!(error.contains("2 sizes: 3 of 6×8, 1 of 30×20 (height × width)"), "{error}");
    assert!(error.contains("the size 6x8"), "{error}");
    let Whole { samples, understood, .. } = whole(at, Some([4, 5])).expect("read").expect("no parts");
    assert_eq!(samples.shape, [4, 5]);
    // A picture of one colour stays one.
    let expected: Vec<u8> = [200, 200, 200, 90].iter().flat_map(|&value| [value; 20]).collect();
    assert_eq!(bytes(&samples).iter().copied().collect::<Vec<_>>(), expected);
    assert_eq!(understood[1], "they are scaled from 2 sizes: 3 of 6×8, 1 of 30×20");
}

/// The orientation that a camera stores is applied, before the sizes are compared.
#[test]
fn the_orientation_of_a_photo_is_heeded() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // Two halves, dark above and light below; in blocks of 8, so that JPEG keeps them.
    GrayImage::from_fn(8, 16, |_, y| Luma([if y < 8 { 0 } else { 255 }])).save(at.join("a.jpg")).expect("a picture");
    let plain = fs::read(at.join("a.jpg")).expect("bytes");
    let exif = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    fs::write(at.join("b.jpg"), [&plain[..2], exif, &plain[2..]].concat()).expect("written");
    let error = whole(at, None).expect_err("two sizes").to_string();
    assert!(error.contains("1 of 16×8") && error.contains("1 of 8×16"), "{error}");
    fs::remove_file(at.join("a.jpg")).expect("removed");
    let samples = whole(at, None).expect("read").expect("no parts").samples;
    assert_eq!(samples.shape, [8, 16]);
    // Orientation 6: the first row is seen on the right.
    let row = bytes(&samples).row(0);
    assert!(row.iter().take(8).all(|&value| value > 250) && row.iter().skip(120).all(|&value| value < 5), "{row}");
}

#[test]
fn what_is_no_picture_is_left_out_by_name_and_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write_classes(at);
    let whole_file = fs::read(at.join("cat/00.png")).expect("bytes");
    fs::write(at.join("cat/cut.png"), &whole_file[..whole_file.len() / 2]).expect("written");
    fs::write(at.join("dog/empty.jpg"), b"").expect("written");
    fs::write(at.join("notes.txt"), "text").expect("written");
    fs::write(at.join(".hidden"), "text").expect("written");
    folder_of(at.join("nothing"));
    let deep = folder_of(at.join("owl/more/and/more"));
    colour(0, 50, 12, 9).save(deep.join("deep.PNG")).expect("a picture");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("..", at.join("owl/circle")).expect("a link");
        std::os::unix::fs::symlink("nowhere", at.join("owl/nowhere.png")).expect("a link");
        std::os::unix::fs::symlink("self.png", at.join("owl/self.png")).expect("a link");
    }
    let Whole { samples, understood, .. } = whole(at, None).expect("read").expect("no parts");
    assert_eq!(samples.len(), 61, "a file in a deeper folder belongs to its class");
    assert_eq!(bytes(&samples).row(60).to_vec(), planes(&colour(0, 50, 12, 9)));
    let said = &understood[1];
    for name in ["cat/cut.png (", "dog/empty.jpg (", "notes.txt (", "nothing (it is a folder without files)"] {
        assert!(said.contains(name), "{said}");
    }
    if cfg!(unix) {
        assert!(said.starts_with("7 files left out"), "{said}");
        assert!(said.contains("owl/circle (it is a link to a folder"), "{said}");
        assert!(said.contains("owl/nowhere.png (it cannot be opened") && said.contains("owl/self.png (it cannot"));
    }
    assert!(!said.contains(".hidden"), "{said}");
    // Only the first ten are named.
    for number in 0..20 {
        fs::write(at.join(format!("cat/bad{number}.png")), b"nothing").expect("written");
    }
    let understood = whole(at, None).expect("read").expect("no parts").understood;
    assert!(
        understood[1].matches("; ").count() == 10 && understood[1].ends_with("; and 17 more files"),
        "{}",
        understood[1]
    );
}

#[test]
fn folders_that_cannot_be_data_say_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let says = |words: &str| {
        let error = loaded(at, None).expect_err("refused").to_string();
        assert!(error.contains(words), "{error}");
    };
    assert!(matches!(loaded(at, None), Err(Error::Folder { .. })));
    says("PNG or JPEG");
    folder_of(at.join("a/b/c"));
    assert!(matches!(loaded(at, None), Err(Error::Folder { .. })));
    fs::write(at.join("a/b/c/x.png"), b"nothing").expect("written");
    says("a/b/c/x.png (not a PNG or JPEG that can be read");
    says("no picture that can be read");
    grey(1, 4, 4).save(at.join("a/b/c/x.png")).expect("a picture");
    says("1 sample");
    grey(1, 4, 4).save(at.join("beside.png")).expect("a picture");
    says("found 1 picture without a class beside folders with 1 picture");
    fs::remove_file(at.join("beside.png")).expect("removed");
    // A size is only for pictures.
    let file = at.join("a.csv");
    fs::write(&file, "1,2\n3,4\n").expect("written");
    let error = loaded(&file, Some([4, 4])).expect_err("refused").to_string();
    assert!(error.contains("only PNG and JPEG files in a folder can be scaled"), "{error}");
}

#[cfg(unix)]
#[test]
fn pipes_and_files_that_may_not_be_read_are_left_out() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for number in 0..3 {
        grey(number, 4, 4).save(at.join(format!("{number}.png"))).expect("a picture");
    }
    assert!(std::process::Command::new("mkfifo").arg(at.join("pipe.png")).status().expect("mkfifo").success());
    fs::set_permissions(at.join("1.png"), fs::Permissions::from_mode(0o0)).expect("set");
    let found = whole(at, None).expect("read").expect("no parts");
    let said = &found.understood[1];
    assert!(said.contains("pipe.png (it is neither a file nor a folder)"), "{said}");
    if fs::File::open(at.join("1.png")).is_ok() {
        println!("the part on a file without permissions was skipped: this user may read every file");
        assert_eq!(found.samples.len(), 3);
    } else {
        assert!(found.samples.len() == 2 && said.contains("1.png (opening failed"), "{said}");
    }
}
