//! Series as people have them: time columns, several series in one file, `.ts` and `.tsv` files, unequal lengths.

use std::fs;
use std::path::Path;

use handgrad_dataset::csv::{Fill, Layout, Window};
use handgrad_dataset::series::{Asked, Known, all_of, ts, tsv};
use handgrad_dataset::{DataSet, Samples, load};
use ndarray::Array2;

fn window(steps: usize, stride: usize) -> Option<Window> {
    let [steps, stride] = [steps, stride].map(|n| std::num::NonZeroUsize::new(n).expect("not 0"));
    Some(Window { steps, stride })
}

fn with_text<T>(name: &str, text: &str, use_file: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, text).expect("written");
    use_file(&path)
}

fn data_set(path: &Path, layout: &Layout) -> Result<DataSet, String> {
    load(path.to_str().expect("UTF-8"), Path::new("/nowhere"), layout, &()).map_err(|error| error.to_string())
}

fn all(name: &str, text: &str, layout: &Layout) -> Result<(Samples, Vec<String>), String> {
    with_text(name, text, |path| all_of(path, layout, &()).map_err(|error| error.to_string()))
}

fn values(samples: &Samples) -> Array2<f64> {
    samples.exact_rows(&samples.numbers())
}

fn asked(time: Option<&str>, series: Option<&str>) -> Option<Asked> {
    Some(Asked { time: time.map(Into::into), series: series.map(Into::into), ..Asked::default() })
}

#[test]
fn no_window_crosses_a_gap_and_the_time_is_no_channel() {
    // The step from 3 to 8 is a gap; times are hours on days.
    let text = "time,a,b\n0,1,10\n1,2,20\n2,3,30\n3,4,40\n8,5,50\n9,6,60\n10,7,70\n";
    let layout = Layout { window: window(3, 1), ..Layout::default() };
    let (samples, told) = all("s.csv", text, &layout).expect("windows");
    assert_eq!(samples.shape, [3, 2]);
    let expected = [[1, 10, 2, 20, 3, 30], [2, 20, 3, 30, 4, 40], [5, 50, 6, 60, 7, 70]];
    assert_eq!(values(&samples), Array2::from_shape_fn((3, 6), |(i, j)| f64::from(expected[i][j])));
    let told = told.join("\n");
    for words in ["\"a\", \"b\"", "column \"time\"", "1 gap: 5 after 3 in line 5", "usually 1 from step to step"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // The same with dates, in a column of any name.
    let text = "a,wann,b\n1,2020-01-30,10\n2,2020-01-31,20\n3,2020-02-01,30\n5,2020-02-08,50\n6,2020-02-09,60\n";
    let (samples, told) = all("s.csv", text, &layout).expect("windows");
    assert_eq!((samples.len(), values(&samples)[[0, 5]]), (1, 30.0));
    let told = told.join("\n");
    assert!(told.contains("dates as %Y-%m-%d, from 2020-01-30 to 2020-02-09, usually 1 day"), "{told}");
    assert!(told.contains("1 gap: 7 days after 2020-02-01 in line 4"), "{told}");
    // With none, every column is a channel or refused.
    let series = asked(Some("none"), None);
    let error = all("s.csv", text, &Layout { series, ..layout.clone() }).expect_err("a date is no number");
    assert!(error.contains("line 2, column \"wann\"") && error.contains("2020-01-30"), "{error}");
    // Day and month could be exchanged; time ascends with the day first.
    let text = "d,a\n30.01.2020,1\n31.01.2020,2\n01.02.2020,3\n".replace('.', "/");
    let (samples, told) = all("s.csv", &text, &layout).expect("a window");
    assert_eq!((samples.len(), samples.shape), (1, vec![3]));
    assert!(told.join("\n").contains("%d/%m/%Y") && told.join("\n").contains("no gaps"), "{told:?}");
    let text = "d,a\n11/02/2020,1\n12/02/2020,2\n01/03/2020,3\n";
    let (samples, told) = all("s.csv", text, &Layout { window: window(2, 1), ..Layout::default() }).expect("a window");
    assert!(samples.len() == 1 && told.join("\n").contains("%d/%m/%Y"), "{told:?}");
}

#[test]
fn time_that_goes_back_is_refused_with_its_line() {
    let layout = Layout { window: window(2, 1), ..Layout::default() };
    let text = "when,a\n2020-01-01,1\n2020-01-03,2\n2020-01-02,3\n";
    let error = all("s.csv", text, &layout).expect_err("it goes back");
    for words in ["line 4", "2020-01-02 is before 2020-01-03 in line 3", "sort the rows", "series_column"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    let named = Layout { series: asked(Some("t"), None), ..layout.clone() };
    let error = all("s.csv", "t,a\n1,1\n3,2\n2,3\n", &named).expect_err("it goes back");
    assert!(error.contains("line 4, column \"t\", the time 2 is before 3 in line 3"), "{error}");
    let error = all("s.csv", "t,a\n1,1\n,2\n2,3\n", &named).expect_err("a time is missing");
    assert!(error.contains("line 3, column \"t\"") && error.contains("no value"), "{error}");
    let error = all("s.csv", "x,a\n1,1\n2,3\n", &named).expect_err("no such column");
    assert!(error.contains("time_column") && error.contains("\"x\""), "{error}");
    // A number that is only named like a time becomes a channel if it goes back, which is said.
    let (samples, told) = all("s.csv", "time,a\n1,1\n3,2\n2,3\n", &layout).expect("windows");
    assert!(samples.shape == [2, 2] && told.join("\n").contains("\"time\" does not ascend in line 4"), "{told:?}");
}

#[test]
fn series_are_told_apart_and_whole_ones_are_held_out() {
    // Rows of one series need not follow each other.
    let text = "id,v\na,1\nb,101\na,2\nb,102\na,3\nb,103\n";
    let series = asked(None, Some("id"));
    let layout = Layout { window: window(2, 1), series: series.clone(), ..Layout::default() };
    let (samples, told) = all("s.csv", text, &layout).expect("windows");
    assert_eq!(values(&samples), ndarray::array![[1.0, 2.0], [2.0, 3.0], [101.0, 102.0], [102.0, 103.0]]);
    assert!(told.join("\n").contains("2 series: \"a\", \"b\""), "{told:?}");

    // 30 series whose values are 1000·series + step: no series is in both parts.
    let text: String = (0..30).flat_map(|id| (0..5).map(move |step| format!("{id},{}\n", 1000 * id + step))).collect();
    let ids = |samples: &Samples| {
        let mut ids: Vec<usize> = values(samples).iter().map(|value| (value / 1000.0) as usize).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    with_text("s.csv", &("id,v\n".to_owned() + &text), |path| {
        let parts = |seed| {
            let set = data_set(path, &Layout { seed: Some(seed), ..layout.clone() }).expect("windows");
            assert_eq!((set.train.len(), set.validation.len()), (27 * 4, 3 * 4));
            let (train, held) = (ids(&set.train), ids(&set.validation));
            assert!(train.len() == 27 && held.len() == 3 && held.iter().all(|id| !train.contains(id)));
            held
        };
        assert_eq!(parts(1), parts(1));
        assert!((0..5).any(|seed| parts(seed) != parts(1)));
        // Without a window, each series is one sample.
        let set = data_set(path, &Layout { series: series.clone(), seed: Some(1), ..Layout::default() });
        let set = set.expect("series");
        assert_eq!((set.train.len(), set.validation.len(), &set.train.shape[..]), (27, 3, &[5][..]));
    });
    let error = all("s.csv", "id,v\na,1\n,2\n", &layout).expect_err("no series");
    assert!(error.contains("line 3, column \"id\"") && error.contains("no value"), "{error}");
}

#[test]
fn windows_have_the_classes_of_all_of_their_steps() {
    let text = "v,label\n1,ok\n2,ok\n3,ok\n4,bad\n5,bad\n";
    let (samples, _) = all("s.csv", text, &Layout { window: window(2, 1), ..Layout::default() }).expect("windows");
    let labels = samples.labels.expect("labels");
    assert_eq!(labels.names().collect::<Vec<_>>(), ["ok", "ok", "bad+ok", "bad"]);
}

#[test]
fn values_are_filled_from_the_training_part_alone() {
    // Training is steps 0 to 17, validation the last two; the mean of a is that of the known training values.
    let mut text = "a,b\n".to_owned();
    (0..18).for_each(|step| text += &format!("{},{step}\n", if step == 4 { String::new() } else { step.to_string() }));
    text += "1000,5\n,6\n";
    let mean = ((0..18).sum::<i32>() - 4) as f64 / 17.0;
    let layout = |fill| Layout { window: window(2, 2), fill, ..Layout::default() };
    with_text("s.csv", &text, |path| {
        let set = data_set(path, &layout(Some(Fill::Mean))).expect("windows");
        assert_eq!(values(&set.train)[[2, 0]], mean);
        assert_eq!(values(&set.validation).row(0).to_vec(), [1000.0, 5.0, mean, 6.0]);
        let fill = set.series.expect("a series").fill.expect("filled");
        assert_eq!(fill.values, [mean, 8.5]);
        let set = data_set(path, &layout(Some(Fill::Previous))).expect("windows");
        assert_eq!((values(&set.train)[[2, 0]], values(&set.validation)[[0, 2]]), (3.0, 1000.0));
        let set = data_set(path, &layout(None)).expect("windows");
        assert!(values(&set.train)[[2, 0]].is_nan() && set.train.any_missing());
    });
    let error = with_text("s.csv", "a,b\n1,\n2,\n3,\n4,\n", |path| data_set(path, &layout(None)).expect_err("empty"));
    assert!(error.contains("channel \"b\" has no value in the training part"), "{error}");
    // A row without any value is a step.
    let (samples, _) = all("s.csv", "a,b\n1,2\n,\n3,4\n", &layout(None)).expect("windows");
    assert!(values(&samples).row(0).iter().skip(2).all(|value| value.is_nan()));
}

const TS: &str = "# Two channels of unequal length\n@problemName Test\n@timeStamps false\n@univariate false\n\
    @dimensions 2\n@equalLength false\n@classLabel true up down\n@data\n1,2,3:10,20,30:up\n4,?:40,50:down\n\
    7,8:70,80,90:up\n";

#[test]
fn ts_files_are_read_and_padded() {
    let of = ts::decode(TS.as_bytes(), "a.ts".as_ref()).expect("series");
    assert_eq!((of.channels, of.all.len(), &of.classes[..]), (2, 3, &["up".to_owned(), "down".to_owned()][..]));
    let (samples, told) = all("a.ts", TS, &Layout::default()).expect("samples");
    assert_eq!(samples.shape, [3, 2]);
    let expected = ["1 10 2 20 3 30", "4 40 NaN 50 NaN NaN", "7 70 8 80 NaN 90"];
    for (row, expected) in values(&samples).rows().into_iter().zip(expected) {
        assert_eq!(row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), expected);
    }
    assert_eq!(samples.labels.expect("labels").names().collect::<Vec<_>>(), ["up", "down", "up"]);
    let told = told.join("\n");
    assert!(told.contains("3 series of 2 to 3 steps, 2 channels") && told.contains("padded to 3 steps"), "{told}");
    // The mean fills what is missing inside a series, and not the padding.
    let filled = all("a.ts", TS, &Layout { fill: Some(Fill::Zero), ..Layout::default() }).expect("samples").0;
    assert_eq!(values(&filled)[[1, 2]], 0.0);
    assert!(values(&filled)[[1, 4]].is_nan());
}

#[test]
fn wrong_ts_files_are_refused_by_line() {
    for (wrong, by, words) in [
        ("@timeStamps false", "@timeStamps true", "line 3"),
        ("1,2,3:10", "(0,1),(1,2):10", "time stamps"),
        ("4,?:40,50:down", "4,?:40,50:left", "line 10: found the class \"left\""),
        ("4,?:40,50:down", "4,?,40,50:down", "line 10: found 1 dimension before the class"),
        ("4,?:40,50:down", "4,x:40,50:down", "line 10: found \"x\", where a finite number"),
        ("@data", "", "line 9"),
        ("@dimensions 2", "@dimensions two", "a whole number after the name"),
        ("@equalLength false", "@equalLength true\n@seriesLength 9", "@seriesLength 9"),
        ("@classLabel true up down", "@targetLabel true", "@targetLabel"),
    ] {
        let text = TS.replace(wrong, by);
        assert_ne!(text, TS);
        let error = ts::decode(text.as_bytes(), "a.ts".as_ref()).expect_err(by).to_string();
        assert!(error.contains("a.ts") && error.contains(words), "{by}: {error}");
    }
    let error = ts::decode(&b"@data\n\xff\n"[..], "a.ts".as_ref()).expect_err("no text").to_string();
    assert!(error.contains("line 2") && error.contains("UTF-8"), "{error}");
}

#[test]
fn tsv_files_are_read_and_padded() {
    let text = "1\t0.5\t1.5\tNaN\tNaN\n2\t1\tNaN\t3\t4\n";
    let (samples, _) = all("a.tsv", text, &Layout::default()).expect("samples");
    assert_eq!((samples.shape.clone(), samples.classes()), (vec![4], vec!["1".to_owned(), "2".to_owned()]));
    let filled = all("a.tsv", text, &Layout { fill: Some(Fill::Zero), ..Layout::default() }).expect("samples").0;
    assert_eq!(values(&filled)[[1, 1]], 0.0);
    assert!(values(&filled)[[0, 2]].is_nan(), "padding stays");
    for (text, words) in [
        ("label\ta\tb\n1\t2\t3\n", "line 1, column 2: found \"a\""),
        ("1\t2\nx\t\t\n", "line 2: found no value after the class"),
        ("?\t2\n", "line 1: found the class"),
        ("", "empty"),
        ("1,2,3\n", "tabs"),
    ] {
        let error = tsv::decode(text.as_bytes(), "a.tsv".as_ref()).expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

/// Files that claim more than they hold, or whose content would take much more memory than they have bytes.
#[test]
fn hostile_series_are_refused() {
    let ts = |text: &str| ts::decode(text.as_bytes(), "a.ts".as_ref()).map_err(|error| error.to_string());
    let colons = format!("@data\n{}{}\n", ":".repeat(20_000), "1,".repeat(20_000));
    let error = ts(&colons).expect_err("400 million values");
    assert!(error.contains("line 2: found dimensions of very unequal length"), "{error}");
    let error = ts("@dimensions 18446744073709551616\n@data\n1\n").expect_err("too large a number");
    assert!(error.contains("line 1") && error.contains("whole number"), "{error}");
    assert!(ts("@dimensions 4000000000\n@seriesLength 4000000000\n@data\n1\n").is_err());
    assert!(ts("@classLabel true\n@data\n1:a\n").expect_err("no classes").contains("names of the classes"));
    assert!(ts("\0@data\n1\n").is_err() && ts("@data\n").is_err() && ts("@data\n1e999\n").is_err());
    // One long series beside many short ones: padding would take terabytes.
    let text = "1\t2\n".repeat(3_000_000) + "1\t" + &"2\t".repeat(3_000_000) + "2\n";
    let error = all("a.tsv", &text, &Layout::default()).expect_err("9 million million values");
    assert!(error.contains("a.tsv") && error.contains("memory"), "{error}");
    // A name of a column with a line end does not tear an error apart.
    let error = all("s.csv", "\"a\nb\",c\nx,1\n", &Layout { window: window(1, 1), ..Layout::default() });
    let error = error.expect_err("a word");
    assert!(error.lines().count() == 1 && error.contains("line 3"), "{error}");
}

/// A file of two steps has no usual step of its own: what is a gap is what the training taught.
#[test]
fn gaps_are_measured_against_the_steps_of_the_training() {
    let layout = Layout { window: window(2, 1), ..Layout::default() };
    let hours = |hours: &[u32]| {
        hours.iter().map(|h| format!("2021-01-{:02} {:02}:00,{h}\n", 1 + h / 24, h % 24)).collect::<String>()
    };
    let text = "time,a\n".to_owned() + &hours(&(0..24).map(|step| 2 * step).collect::<Vec<u32>>());
    let trained = with_text("s.csv", &text, |path| data_set(path, &layout)).expect("windows").series.expect("channels");
    assert!(trained.usual_step.is_some_and(|step| (step - 2.0 / 24.0).abs() < 1e-9), "{:?}", trained.usual_step);
    let known = Known { channels: trained, steps: 2 };
    let layout = Layout { series: Some(Asked { known: Some(known), ..Asked::default() }), ..layout };
    let used = |text: &[u32]| all("new.csv", &format!("time,a\n{}", hours(text)), &layout);
    let (samples, told) = used(&[0, 2, 4, 8, 10, 12]).expect("windows");
    assert!(samples.len() == 4 && !told.join("\n").contains("note"), "{told:?}");
    let (samples, told) = used(&[0, 1, 2, 3]).expect("windows");
    let told = told.join("\n");
    assert!(samples.len() == 3 && told.contains("usually takes 1 hour, but 2 hours in the training data"), "{told}");
    let error = used(&[0, 6, 12]).expect_err("gaps only");
    assert!(error.contains("usually takes 6 hours, but 2 hours in the training data"), "{error}");
}
