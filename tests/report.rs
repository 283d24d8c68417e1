//! `handgrad report`: the page of a run. The tests in a browser run where Chromium is found: `HANDGRAD_CHROMIUM` names
//! its program, otherwise `chromium`, `chromium-browser` and `google-chrome` are tried. This file belongs to the
//! package `handgrad-cli`.

mod command;

use std::fs;
use std::path::Path;
use std::process::Command;

use command::{err, json, run, small};
use handgrad_models::Model;

/// Trains a run in `folder` and returns its page.
fn page(folder: &Path, training: &[&str]) -> String {
    let train = [&["train", "--quiet", "--out", "run"], training].concat();
    let trained = run(folder, &train);
    assert!(trained.status.success(), "{}", err(&trained));
    let told = json(folder, &["report", "run", "--json"]);
    let html = fs::read_to_string(folder.join("run/report.html")).expect("the page");
    assert_eq!(told["bytes"], html.len());
    html
}

const SMALL: [&str; 6] = ["--data", "small", "--epochs", "2", "--batch-size", "64"];

const SERIES: [&str; 8] = ["--preset", "series", "--data", "waves.csv", "--window", "20", "--epochs", "2"];

/// A series of two channels.
fn waves() -> String {
    let wave = |step: usize| ((step as f64 * 0.3).sin(), (step as f64 * 0.11).cos() * 5.0);
    let lines = (0..600).map(|step| format!("{},{}\n", wave(step).0, wave(step).1));
    "flow,pressure\n".to_owned() + &lines.collect::<String>()
}

/// The JSON inside of the page.
fn data(html: &str) -> serde_json::Value {
    let rest = html.split_once("id=\"data\">").expect("the data").1;
    serde_json::from_str(rest.split_once("</script>").expect("its end").0).expect("JSON")
}

/// The bytes of a base64 text, by a table of its own.
fn bytes(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bits, mut held, mut found) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        (bits, held) = (bits << 6 | u32::from(value(letter)), held + 6);
        if held >= 8 {
            held -= 8;
            found.push((bits >> held) as u8);
        }
    }
    found
}

fn floats(text: &serde_json::Value) -> Vec<f32> {
    let bytes = bytes(text.as_str().expect("text"));
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

#[test]
fn the_page_has_all_sections_and_no_address_outside_itself() {
    let folder = small();
    let html = page(folder.path(), &SMALL);
    for id in ["explorer", "examples", "training", "trained", "code", "scores", "glossary", "map"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for address in ["http:", "https:", "src=\"/", "src=\"//", "url(", "@import", "<link rel=\"stylesheet", "<iframe"] {
        let allowed = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!allowed.contains(address), "{address}");
    }
    assert!(html.contains("default-src 'none'"));
    let sources = html.split("src=\"").skip(1);
    assert!(sources.clone().count() > 20 && sources.into_iter().all(|source| source.starts_with("data:")));
    let images = html.split("<img ").skip(1);
    assert!(images.into_iter().all(|image| image.starts_with("alt=\"") || image.contains(" alt=\"")));
}

/// The weights, the codes and the reconstructions in the page are those of the library.
#[test]
fn the_numbers_in_the_page_are_those_of_the_library() {
    let folder = small();
    let html = page(folder.path(), &SMALL);
    let data = data(&html);
    let model = Model::load(folder.path().join("run/model.safetensors")).expect("a model");
    let kept = bytes(data["kept"]["bytes"].as_str().expect("bytes"));
    let samples = data["check"]["samples"].as_u64().expect("a number") as usize;
    let x: Vec<f32> = kept[..samples * 784].iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let x = ndarray::Array2::from_shape_vec((samples, 784), x).expect("rows");
    let codes: Vec<f32> = model.encode(x.view()).expect("codes").into_iter().collect();
    assert_eq!(floats(&data["check"]["codes"]), codes);
    let told: Vec<f32> = model.reconstruct(x.view()).expect("reconstructions").into_iter().collect();
    assert_eq!(floats(&data["check"]["reconstructions"]), told);

    let weights = bytes(html.split_once("id=\"weights\">").expect("weights").1.split_once('<').expect("their end").0);
    assert_eq!(weights.len(), 3 * model.weights().len());
    for (param, about) in model.network().params().iter().zip(data["params"].as_array().expect("a list")) {
        let scale = about["scale"].as_f64().expect("a scale");
        for at in param.range.clone() {
            let q = i32::from_le_bytes([0, weights[3 * at], weights[3 * at + 1], weights[3 * at + 2]]) >> 8;
            let unpacked = scale * f64::from(q) / f64::from((1 << 23) - 1);
            let apart = (unpacked - f64::from(model.weights()[at])).abs();
            assert!(apart <= 0.51 * scale / f64::from((1 << 23) - 1), "{at}: {unpacked}");
        }
    }
}

#[test]
fn a_page_of_784_400_20_has_at_most_3_megabytes_and_is_the_same_for_any_threads() {
    let folder = small();
    let at = folder.path();
    let html = page(at, &["--data", "small", "--epochs", "1", "--layers", "400,20", "--preset", "vae"]);
    assert!(html.len() <= 3_000_000, "{} bytes", html.len());
    for threads in ["1", "5"] {
        let out = format!("{threads}.html");
        let told = run(at, &["report", "run", "--quiet", "--threads", threads, "--out", &out]);
        assert!(told.status.success(), "{}", err(&told));
        assert_eq!(fs::read_to_string(at.join(out)).expect("a page"), html, "{threads} threads");
    }
}

/// The page that training writes is the one that the command draws from the run folder.
#[test]
fn training_writes_the_same_page_unless_it_is_told_not_to() {
    let folder = small();
    let at = folder.path();
    let lines =
        (0..300).map(|row| format!("{},{},{}\n", row % 17, f64::from(row) * 0.25, ["a", "b"][row as usize % 2]));
    let csv = "x,y,kind\n".to_owned() + &lines.collect::<String>();
    fs::write(at.join("table.csv"), csv).expect("a file");
    let table = ["--data", "./table.csv", "--preset", "table", "--epochs", "1"];
    let split = [&SMALL[..], &["--validation-split", "0.2"]].concat();
    for (what, training) in [("images", &SMALL[..]), ("table", &table), ("series", &SERIES), ("split", &split)] {
        fs::write(at.join("waves.csv"), waves()).expect("a file");
        let trained = run(at, &[&["train", "--out", what], training].concat());
        assert!(trained.status.success(), "{what}: {}", err(&trained));
        assert!(String::from_utf8_lossy(&trained.stdout).contains(", report.html"), "{what}: it is among the files");
        let path = at.join(what).join("report.html");
        let written = fs::read_to_string(&path).expect("a page");
        fs::remove_file(&path).expect("removed");
        json(at, &["report", what, "--json"]);
        // With a split, the samples of the training are in another order.
        assert!(what == "split" || fs::read_to_string(&path).expect("a page") == written, "{what}");
        let again = run(at, &["train", "--resume", what]);
        assert!(again.status.success(), "{}", err(&again));
        assert!(what == "split" || String::from_utf8_lossy(&again.stdout).contains("no file has changed"), "{what}");
    }
    let more = run(at, &["train", "--resume", "images", "--epochs", "3", "--no-report"]);
    assert!(err(&more).contains("an earlier state of this run; to write it: handgrad report images"), "{}", err(&more));
    let none = run(at, &[&["train", "--out", "none", "--no-report"], &SMALL[..]].concat());
    assert!(none.status.success() && !at.join("none/report.html").exists(), "{}", err(&none));
    fs::write(at.join("none/report.html"), "my own notes").expect("a file");
    let kept = run(at, &["train", "--resume", "none"]);
    assert!(kept.status.success() && err(&kept).contains("note: report.html was not written"), "{}", err(&kept));
    assert_eq!(fs::read_to_string(at.join("none/report.html")).expect("a file"), "my own notes");
}

#[test]
fn only_a_page_is_replaced() {
    let folder = small();
    let at = folder.path();
    page(at, &SMALL);
    fs::write(at.join("mine.html"), "my own notes").expect("a file");
    let refused = run(at, &["report", "run", "--out", "mine.html"]);
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    assert_eq!(fs::read_to_string(at.join("mine.html")).expect("a file"), "my own notes");
    let named = run(at, &["report", "run", "--out", "page.png"]);
    assert!(err(&named).contains(".html"), "{}", err(&named));
}

/// A table whose names, classes and values are hostile.
fn hostile(folder: &Path) -> String {
    let long = "x".repeat(4_000);
    let mut csv = format!("\"</script><b>bold</b>\",\"a\"\"quote'\",{long},class\n");
    for row in 0..120 {
        let word = ["</style><img src=x onerror=alert(1)>", "{{data}}", "&lt;", "<!--"][row % 4];
        csv += &format!("{},\"{word}\",{},\"<script>{}</script>\"\n", row as f64 * 0.5, row % 7, row % 2);
    }
    fs::write(folder.join("hostile.csv"), csv).expect("a file");
    page(folder, &["--preset", "table", "--data", "hostile.csv", "--label-column", "class", "--epochs", "2"])
}

#[test]
fn names_classes_and_values_from_data_are_only_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let html = hostile(folder.path());
    assert_eq!(html.matches("<script").count(), 3, "no script but those of the page");
    assert_eq!(html.matches("</style>").count(), 1);
    for part in ["<b>bold", "<img src=x", "<!--"] {
        assert!(!html.contains(part), "{part}");
    }
    assert!(html.contains("&lt;/script&gt;&lt;b&gt;bold"), "the name appears as text");
    let names: Vec<_> = data(&html)["columns"].as_array().expect("columns").iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names[0], "</script><b>bold</b>");
    assert_eq!(names[2].as_str().map(str::len), Some(4_000));
}

/// The program of a browser, if there is one.
fn chromium() -> Option<String> {
    let named = std::env::var("HANDGRAD_CHROMIUM").ok();
    let names = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let starts = |name: &String| Command::new(name).arg("--version").output().is_ok_and(|told| told.status.success());
    let found = named.into_iter().chain(names).find(starts);
    if found.is_none() {
        println!("skipped: there is no Chromium; install it, or name its program in HANDGRAD_CHROMIUM");
    }
    found
}

/// Opens a page in a browser, runs a script in it after it is ready, and returns its elements as text and what the
/// console said.
fn browse(chromium: &str, folder: &Path, html: &str, script: &str) -> (String, String) {
    // Under the virtual clock, the screen of a headless browser has frames only now and then.
    let frames = "<head><script>window.requestAnimationFrame = go => setTimeout(go, 16);</script>";
    let html = html.replacen("<head>", frames, 1).replace("</body>", &format!("<script>{script}</script></body>"));
    let path = folder.join("page.html");
    fs::write(&path, html).expect("a page");
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"];
    let told = Command::new(chromium)
        .args(flags)
        .args([&profile, "--virtual-time-budget=10000", "--window-size=1280,1000"])
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("the browser starts");
    let console = String::from_utf8_lossy(&told.stderr).lines().filter(|line| line.contains("CONSOLE")).collect();
    (String::from_utf8_lossy(&told.stdout).into_owned(), console)
}

/// The value of an attribute of the document, as the script wrote it.
fn attribute<'a>(dom: &'a str, name: &str) -> &'a str {
    let rest = dom.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name}")).1;
    rest.split_once('"').expect("its end").0
}

/// The page agrees with the library, without a message in the console.
fn assert_checked(dom: &str, console: &str, what: &str) {
    assert_eq!(attribute(dom, "data-ready"), "yes", "{what}: {console}");
    let difference: f64 = attribute(dom, "data-difference").parse().expect("a number");
    assert!(difference < 1e-4, "{what}: {difference}");
    assert_eq!(console, "", "{what}");
}

/// Drags the point, moves a slider and draws, each after the screen has shown the step before, and notes whether the
/// picture and the code changed.
const HANDS: &str = "
    const noted = document.documentElement.dataset, wait = () => new Promise(go => setTimeout(go, 50));
    const frame = async () => {
      const before = noted.shown;
      for (let i = 0; i < 40 && noted.shown === before; i++) await wait();
    };
    const seen = id => document.getElementById(id).toDataURL();
    const z0 = () => document.querySelector('#sliders input').value;
    const pointer = (element, kind, x, y) => { const box = element.getBoundingClientRect();
      element.dispatchEvent(new PointerEvent(kind, { clientX: box.left + x * box.width,
        clientY: box.top + y * box.height, buttons: 1, pointerId: 1, bubbles: true, cancelable: true })); };
    (async () => {
      while (!noted.shown) await wait();
      let before = seen('v-output');
      const map = document.getElementById('map');
      pointer(map, 'pointerdown', 0.3, 0.3); pointer(map, 'pointermove', 0.8, 0.7);
      await frame();
      noted.dragged = String(before !== seen('v-output')); before = seen('v-output');
      document.getElementById('here').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
      await frame();
      noted.keyed = String(before !== seen('v-output')); before = seen('v-output');
      const slider = document.querySelector('#sliders input');
      slider.value = slider.max; slider.dispatchEvent(new Event('input'));
      await frame();
      noted.slid = String(before !== seen('v-output'));
      const code = z0(), canvas = document.getElementById('draw');
      pointer(canvas, 'pointerdown', 0.3, 0.2); pointer(canvas, 'pointermove', 0.6, 0.8);
      await frame();
      noted.drawn = String(code !== z0() && document.getElementById('verdict').textContent.includes('Score'));
    })();";

#[test]
fn a_browser_agrees_with_the_library_and_follows_the_hand() {
    let Some(chromium) = chromium() else { return };
    let folder = small();
    let html = page(folder.path(), &["--data", "small", "--epochs", "2", "--preset", "vae-2d"]);
    let (dom, console) = browse(&chromium, folder.path(), &html, HANDS);
    assert_checked(&dom, &console, "vae-2d");
    for hand in ["dragged", "keyed", "slid", "drawn"] {
        assert_eq!(attribute(&dom, &format!("data-{hand}")), "true", "{hand}");
    }
}

/// Every kind of layer that the page computes agrees with the library.
#[test]
fn a_browser_computes_every_kind_of_network() {
    let Some(chromium) = chromium() else { return };
    let networks: [&[&str]; 5] = [
        &["--preset", "strided-conv"],
        &["--preset", "keras-conv"],
        &["--preset", "lstm"],
        &["--preset", "lstm", "--cell", "gru", "--bidirectional"],
        &["--preset", "lstm", "--cell", "elman"],
    ];
    for network in networks {
        let folder = small();
        let html = page(folder.path(), &[network, &["--data", "small", "--epochs", "1"]].concat());
        let (dom, console) = browse(&chromium, folder.path(), &html, "");
        assert_checked(&dom, &console, &network.join(" "));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let html = hostile(folder.path());
    let (dom, console) = browse(&chromium, folder.path(), &html, "");
    assert_checked(&dom, &console, "a table");
}

#[test]
fn a_series_has_curves() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("waves.csv"), waves()).expect("a file");
    let html = page(at, &SERIES);
    assert!(html.contains("data:image/svg+xml;base64,"), "the curves");
    let Some(chromium) = chromium() else { return };
    let (dom, console) = browse(&chromium, at, &html, "");
    assert_checked(&dom, &console, "a series");
}
