//! Series as people have them: time columns, several series in one file, `.ts` and `.tsv` files, unequal lengths. This
//! file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_dataset::csv::{Fill, Layout, Window};
use handgrad_dataset::series::{Asked, Known, all_of, ts, tsv};
use handgrad_dataset::{DataSet, Samples, load};
use ndarray::Array2;

mod command;

use command::{err, json, number, run};

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

/// A line of a two-channel series.
fn reading(step: usize) -> [f64; 2] {
    let t = step as f64;
    [(t * 0.3).sin() * 2.0 + 20.0, (t * 0.17).cos() * 400.0 + 1000.0]
}

#[test]
fn a_series_with_a_time_column_trains_with_one_command_and_is_used_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |step: usize| {
        let [a, b] = reading(step);
        format!("2021-03-{:02} {:02}:00,{a},{b}\n", 1 + step / 24, step % 24)
    };
    let text: String = (0..300).filter(|step| !(100..110).contains(step)).map(line).collect();
    fs::write(at.join("s.csv"), "time,warm,press\n".to_owned() + &text).expect("written");
    let args = ["train", "--data", "s.csv", "--window", "12", "--epochs", "30", "--out", "r"];
    let output = run(at, &args);
    let said = err(&output);
    assert!(output.status.success(), "{said}");
    for words in ["2 channels in this order: \"warm\", \"press\"", "column \"time\"", "1 gap: 11 hours after"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let svg = fs::read_to_string(at.join("r/reconstructions.svg")).expect("curves");
    assert!(svg.contains(">warm<") && svg.contains(">press<"), "channels are drawn by name");
    let eval = json(at, &["eval", "r", "--json"]);
    assert!(number(&eval["value"]) < 0.5, "each channel has its own scale: {eval}");

    // Columns in another order, without the time, are the same data; missing and unknown ones are refused.
    let columns = |name: &str, header: &str, line: &dyn Fn(f64, f64) -> String| {
        let text: String = (0..40).map(|step| line(reading(step)[0], reading(step)[1])).collect();
        fs::write(at.join(name), format!("{header}\n{text}")).expect("written");
    };
    columns("same.csv", "warm,press", &|a, b| format!("{a},{b}\n"));
    columns("swapped.csv", "press,warm", &|a, b| format!("{b},{a}\n"));
    columns("other.csv", "warm,pres", &|a, b| format!("{a},{b}\n"));
    let value = |name: &str| number(&json(at, &["eval", "r", "--data", name, "--json"])["value"]);
    assert_eq!(value("same.csv"), value("swapped.csv"));
    let refused = err(&run(at, &["eval", "r", "--data", "other.csv"]));
    assert!(refused.contains("\"press\"") && refused.contains("\"pres\""), "{refused}");
    // A hole cannot be used, since training had none, but can be filled with the mean.
    columns("hole.csv", "warm,press", &|a, b| if a > 21.0 { format!(",{b}\n") } else { format!("{a},{b}\n") });
    let refused = err(&run(at, &["eval", "r", "--data", "hole.csv"]));
    assert!(refused.contains("missing") && refused.contains("--fill"), "{refused}");

    let anomaly = run(at, &["anomaly", "r", "--data", "same.csv", "--out", "odd.svg", "--count", "2"]);
    assert!(anomaly.status.success(), "{}", err(&anomaly));
    let svg = fs::read_to_string(at.join("odd.svg")).expect("curves");
    assert!(svg.contains(">press<") && svg.contains("score"), "{svg:.300}");

    let info = run(at, &["data", "info", "s.csv", "--window", "12"]);
    let said = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(said.contains("1 gap") && said.contains("\"warm\"") && said.contains("the last tenth"), "{said}");
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

/// What fills a hole is a part of the model, so that one row does not depend on the others of its file.
#[test]
fn a_hole_is_filled_with_what_the_training_taught() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |step: usize, hole: bool, b: f64| match hole {
        true => format!("{},,{b}\n", reading(step)[0]),
        false => format!("{},{},{b}\n", reading(step)[0], reading(step)[1]),
    };
    let text: String = (0..200).map(|step| line(step, step % 9 == 4, 1.0 + (step % 3) as f64)).collect();
    fs::write(at.join("s.csv"), "a,b,c\n".to_owned() + &text).expect("written");
    json(
        at,
        &[
            "train", "--data", "s.csv", "--window", "4", "--fill", "mean", "--epochs", "2", "--out", "r", "--quiet",
            "--json",
        ],
    );
    let first: String = (0..4).map(|step| line(step, step == 2, 1.0)).collect();
    let odd = |b: f64| (0..4).map(|_| format!("20,{b},1\n")).collect::<String>();
    let score = |name: &str, text: &str| {
        fs::write(at.join(name), "a,b,c\n".to_owned() + text).expect("written");
        let scores = format!("{name}.scores.csv");
        json(at, &["anomaly", "r", "--data", name, "--out", "odd.svg", "--scores", &scores, "--json"]);
        fs::read_to_string(at.join(scores)).expect("scores").lines().nth(1).map(str::to_owned)
    };
    let alone = score("alone.csv", &first);
    assert_eq!(alone, score("beside.csv", &(first.clone() + &odd(1e6))));
    // The model file alone knows its windows, channels and fill values.
    let whole = json(at, &["eval", "r", "--data", "s.csv", "--json"]);
    let model = json(at, &["eval", "r/model.safetensors", "--data", "s.csv", "--json"]);
    assert_eq!(whole["value"], model["value"]);
}

#[test]
fn series_of_unequal_length_train_with_one_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |id: usize| {
        let steps = 12 + id % 7;
        let channel = |speed: f64| {
            let step = |t: usize| format!("{:.3}", ((t + id) as f64 * speed).sin());
            (0..steps).map(step).collect::<Vec<_>>().join(",")
        };
        let class = if id.is_multiple_of(2) { "slow" } else { "fast" };
        let speed = if id.is_multiple_of(2) { 0.2 } else { 0.9 };
        format!("{}:{}:{class}\n", channel(speed), channel(0.5))
    };
    let header =
        "@problemName Waves\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true slow fast\n";
    for (name, count) in [("Waves_TRAIN.ts", 60), ("Waves_TEST.ts", 30)] {
        let text: String = (0..count).map(line).collect();
        fs::write(at.join(name), format!("{header}@data\n{text}")).expect("written");
    }
    for (data, run_name, more) in [
        ("Waves_TRAIN.ts", "dense", &["--epochs", "40"][..]),
        (".", "folder", &["--epochs", "1"]),
        ("Waves_TRAIN.ts", "lstm", &["--model", "sequence", "--layers", "6", "--epochs", "3"]),
        ("Waves_TRAIN.ts", "next", &["--model", "next-step", "--layers", "6", "--epochs", "3", "--threads", "2"]),
    ] {
        let output = run(at, &[&["train", "--data", data, "--out", run_name], more].concat());
        let said = err(&output);
        assert!(output.status.success(), "{run_name}: {said}");
        for words in ["90 series of 12 to 18 steps, 2 channels", "2 classes", "padded to 18 steps", "30 series"] {
            assert!(said.contains(words), "{run_name}, {words}: {said}");
        }
        assert!(number(&json(at, &["eval", run_name, "--json"])["value"]).is_finite());
        json(at, &["encode", run_name, "--data", "Waves_TEST.ts", "--out", &format!("{run_name}.csv"), "--json"]);
    }
    let first = number(&json(at, &["eval", "folder", "--json"])["value"]);
    let trained = number(&json(at, &["eval", "dense", "--json"])["value"]);
    assert!(trained < 0.3 * first, "{trained} after 40 epochs, {first} after one");
    // A longer series than those of the training is refused.
    fs::write(at.join("long.ts"), format!("{header}@data\n{0}:{0}:slow\n", vec!["1"; 20].join(","))).expect("written");
    let refused = err(&run(at, &["eval", "dense", "--data", "long.ts"]));
    assert!(refused.contains("20 steps") && refused.contains("at most 18"), "{refused}");
    // What a network cannot do with padding is said.
    for more in [&["--model", "strided-conv"][..], &["--tied"]] {
        let output = run(at, &[&["train", "--data", "Waves_TRAIN.ts", "--layers", "4", "--out", "no"], more].concat());
        let refused = err(&output);
        assert!(output.status.code() == Some(2) && refused.contains("unequal length"), "{refused}");
    }
    let info = run(at, &["data", "info", "Waves_TRAIN.ts"]);
    let said = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(said.contains("Waves_TEST.ts") && said.contains("samples of 18×2"), "{said}");
}

#[test]
fn several_series_in_one_file_train_with_one_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let line = |id: usize, step: usize| format!("m{id},{step},{},{}\n", reading(step + id)[0], reading(step)[1]);
    let text: String = (0..12).flat_map(|id| (0..30 + id).map(move |step| line(id, step))).collect();
    fs::write(at.join("s.csv"), "machine,time,a,b\n".to_owned() + &text).expect("written");
    let common = ["train", "--data", "s.csv", "--series-column", "machine", "--epochs", "3"];
    for (name, more, words) in [
        ("windows", &["--window", "10"][..], "12 series: \"m0\", \"m1\", \"m2\", …"),
        ("whole", &[], "padded to 41 steps"),
        ("lstm", &["--model", "sequence", "--layers", "5", "--scale", "standard"], "11 series of"),
    ] {
        let output = run(at, &[&common[..], &["--out", name], more].concat());
        let said = err(&output);
        assert!(output.status.success() && said.contains(words), "{name}: {said}");
        assert!(number(&json(at, &["eval", name, "--json"])["value"]).is_finite());
    }
}

/// The two parts of ECG5000 as the archive has them, if they are there.
#[test]
fn real_series_as_the_archive_writes_them() {
    let Some(data) = std::env::var_os("HANDGRAD_DATA") else {
        eprintln!("skipped: HANDGRAD_DATA names no folder with data");
        return;
    };
    let source = Path::new(&data).join("ecg5000/ECG5000_TRAIN.csv");
    let Ok(text) = fs::read_to_string(&source) else {
        eprintln!("skipped: there is no {}", source.display());
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // The class comes last in this copy, and first in the archive's .tsv.
    let tsv: String = text
        .lines()
        .filter_map(|line| line.rsplit_once(','))
        .map(|(values, class)| format!("{class}\t{}\n", values.replace(',', "\t")))
        .collect();
    fs::write(at.join("ECG5000_TRAIN.tsv"), tsv).expect("written");
    let trained =
        json(at, &["train", "--data", "ECG5000_TRAIN.tsv", "--epochs", "20", "--out", "r", "--quiet", "--json"]);
    assert!(number(&trained["val_loss"]) < 0.2, "{trained}");
}
