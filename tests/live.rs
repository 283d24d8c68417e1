//! `handgrad train --live`: the page of a training while it runs. This file belongs to the package `handgrad-cli`.

mod command;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Output, Stdio};
use std::thread::{self, JoinHandle};

use command::{err, handgrad, json, metrics, run, small};
use handgrad_models::Model;
use serde_json::Value;

/// A training that is watched. It is killed if a test fails before it ends.
struct Watched {
    child: Option<Child>,
    host: String,
    token: String,
    stderr: BufReader<ChildStderr>,
}

impl Watched {
    /// Starts a training and waits for the address of its page.
    fn start(at: &Path, args: &[&str]) -> Self {
        let mut command = handgrad(at);
        command.args([&["train", "--live", "--json", "--quiet"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (mut line, mut all) = (String::new(), String::new());
        let url = loop {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "no address: {all}");
            if let Some(url) = line.trim().strip_prefix("watch this training at ") {
                break url.to_owned();
            }
            all += &line;
        };
        let (host, token) = url.strip_prefix("http://").and_then(|url| url.split_once("/?token=")).expect("an address");
        assert!(host.starts_with("127.0.0.1:"), "{url}");
        Self { child: Some(child), host: host.to_owned(), token: token.to_owned(), stderr }
    }

    /// Waits for the end of the training.
    fn end(mut self) -> Output {
        let mut stderr = Vec::new();
        self.stderr.read_to_end(&mut stderr).expect("text");
        let output = self.child.take().expect("it runs").wait_with_output().expect("it ends");
        Output { stderr, ..output }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.host).expect("it is answered")
    }

    /// Sends bytes, and returns the answer, or nothing if the connection was dropped.
    fn ask(&self, request: &[u8]) -> String {
        let (mut stream, mut answer) = (self.connect(), Vec::new());
        // The server may end the connection before it has read everything.
        let _ = stream.write_all(request);
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request with the right token and host.
    fn own(&self, method: &str, path: &str) -> String {
        format!("{method} {path}?token={} HTTP/1.1\r\nHost: {}\r\n\r\n", self.token, self.host)
    }

    /// A viewer, which gets its events.
    fn viewer(&self) -> BufReader<TcpStream> {
        let mut stream = self.connect();
        stream.write_all(self.own("GET", "/events").as_bytes()).expect("it is read");
        BufReader::new(stream)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The next events of a viewer; none if they have ended.
fn next(viewer: &mut BufReader<TcpStream>) -> Vec<Value> {
    let mut line = String::new();
    while viewer.read_line(&mut line).expect("text") > 0 {
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).unwrap_or_else(|error| panic!("{error} in {data}"));
        }
        line.clear();
    }
    Vec::new()
}

/// Reads all events of a viewer on a thread of its own.
fn reading(mut viewer: BufReader<TcpStream>) -> JoinHandle<Vec<Value>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        loop {
            match next(&mut viewer) {
                events if events.is_empty() => return all,
                events => all.extend(events),
            }
        }
    })
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Several seconds of training in the test profile.
const LONG: [&str; 6] = ["--data", "small", "--epochs", "400", "--batch-size", "3"];
/// So many epochs that only a request ends them.
const ENDLESS: [&str; 4] = ["--data", "small", "--epochs", "100000000"];

#[test]
fn viewers_and_attackers_change_no_bit_and_the_viewers_see_everything() {
    let folder = small();
    let at = folder.path();
    let alone = json(at, &[&["train", "--json", "--quiet", "--out", "alone"], &LONG[..]].concat());
    let watched = Watched::start(at, &[&["--out", "run"], &LONG[..]].concat());
    let reader = reading(watched.viewer());
    let mut stalled = watched.viewer();
    assert_eq!(next(&mut stalled)[0]["kind"], "begin");
    // From here on, this viewer reads nothing.

    let Watched { host, token, .. } = &watched;
    let refused = |answer: &str| answer.is_empty() || answer.starts_with("HTTP/1.1 4");
    for (what, request) in [
        ("no token", format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")),
        ("a wrong token", format!("GET /events?token={} HTTP/1.1\r\nHost: {host}\r\n\r\n", "0".repeat(32))),
        ("another name for this machine", format!("GET /?token={token} HTTP/1.1\r\nHost: evil.example\r\n\r\n")),
        (
            "another page",
            format!("GET /events?token={token} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n\r\n"),
        ),
        (
            "another page stops it",
            format!("POST /stop HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n\r\n"),
        ),
        ("a file", watched.own("GET", "/config.toml")),
        ("a file above", watched.own("GET", "/../../etc/passwd")),
        ("no HTTP", "\u{0}\u{1}\u{2}\r\n\r\n".to_owned()),
    ] {
        let answer = watched.ask(request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
        assert!(!answer.contains(&token[..]) && !answer.contains("Access-Control"), "{what}: {answer}");
    }
    let headers = "X-Long: ".to_owned() + &"x".repeat(1 << 20) + "\r\n";
    let large = format!("GET /?token={token} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    assert!(refused(&watched.ask(large.as_bytes())), "1 MB of headers");
    let mut half = watched.connect();
    half.write_all(b"GET /events HTTP/1.1\r\nHost: ").expect("it is read");
    let page = watched.ask(watched.own("GET", "/").as_bytes());
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{}", page.lines().next().unwrap_or_default());

    let output = watched.end();
    assert!(output.status.success(), "{}", err(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["weights_sha256"], alone["weights_sha256"]);
    assert_eq!(metrics(&at.join("run")), metrics(&at.join("alone")));
    drop((stalled, half));

    let events = reader.join().expect("it reads to the end");
    assert_eq!(of_kind(&events, "begin").len(), 1);
    let epochs = of_kind(&events, "epoch");
    let text = fs::read_to_string(at.join("run/metrics.csv")).expect("metrics");
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!((epochs.len(), lines.len()), (400, 400));
    for (event, line) in epochs.iter().zip(&lines) {
        let number = |at: usize| line[at].parse::<f64>().expect("a number");
        assert_eq!(
            numbers(&serde_json::json!([event["epoch"], event["training"], event["validation"]])),
            [number(0), number(1), number(2)]
        );
    }
    for kind in ["step", "layers", "map"] {
        assert!(!of_kind(&events, kind).is_empty(), "{kind}");
    }
    let end = events.last().expect("events");
    assert_eq!(end["kind"], "end");
    assert!(end["text"].as_str().expect("text").contains("report.html in run"), "{end}");
    assert!(at.join("run/report.html").exists());
    check_samples(at, &page, of_kind(&events, "samples").last().expect("reconstructions"));
}

/// The data in a page.
fn start(page: &str) -> Value {
    let data = page.split_once("id=\"data\">").expect("data").1.split_once("</script>").expect("its end").0;
    serde_json::from_str(data).expect("JSON")
}

/// The last reconstructions are those of the model that was written.
fn check_samples(at: &Path, page: &str, event: &Value) {
    let model = Model::load(at.join("run/model.safetensors")).expect("a model");
    let samples = command::samples(at);
    let titles = start(page)["samples"]["titles"].as_array().expect("a list").clone();
    let number = |title: &Value| title.as_str()?.strip_prefix("sample ")?.split_once(',')?.0.parse::<usize>().ok();
    let shown: Vec<usize> = titles.iter().filter_map(number).collect();
    let x = samples.select(ndarray::Axis(0), &shown);
    let told = model.reconstruct(x.view()).expect("reconstructions");
    let scores = numbers(&event["scores"]);
    let outputs = event["outputs"].as_array().expect("a list");
    assert_eq!((scores.len(), outputs.len()), (10, 10));
    for (at, (x, told)) in x.rows().into_iter().zip(told.rows()).enumerate() {
        let error = x.iter().zip(told).map(|(x, told)| f64::from(x - told).powi(2)).sum::<f64>() / 784.0;
        assert!((scores[at] - error).abs() < 1e-6 * error, "{at}: {} {error}", scores[at]);
        // 784 bytes.
        assert_eq!(outputs[at].as_str().map(str::len), Some(1048));
    }
    assert_eq!(event["when"], "after epoch 400");
}

#[test]
fn the_button_stops_the_training_as_ctrl_c_does() {
    let folder = small();
    let at = folder.path();
    let watched = Watched::start(at, &[&["--out", "run"], &ENDLESS[..]].concat());
    let mut viewer = watched.viewer();
    assert_eq!(next(&mut viewer)[0]["kind"], "begin");
    let answer = watched.ask(format!("POST /stop HTTP/1.1\r\nHost: {}\r\n\r\n", watched.host).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let answer = watched.ask(watched.own("GET", "/stop").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    // It goes on.
    while of_kind(&next(&mut viewer), "epoch").is_empty() {}
    let reader = reading(viewer);
    let (head, token) = (watched.own("POST", "/stop"), watched.token.clone());
    let origin = format!("Origin: http://{}\r\nContent-Length: 0\r\n\r\n", watched.host);
    let answer = watched.ask((head.trim_end().to_owned() + "\r\n" + &origin).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let output = watched.end();
    assert_eq!(output.status.code(), Some(130), "{}", err(&output));
    assert!(err(&output).contains("as the page has asked") && !err(&output).contains(&token), "{}", err(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["stopped"], true);
    assert!(at.join("run/model.safetensors").exists());
    let files = command::files(&at.join("run/checkpoint"));
    assert!(files.iter().any(|(path, _)| path.extension().is_some_and(|end| end == "checkpoint")), "a checkpoint");
    let events = reader.join().expect("it reads to the end");
    let end = events.last().expect("events")["text"].as_str().expect("text").to_owned();
    assert!(end.contains("stopped") && end.contains("in run"), "{end}");
}

#[test]
fn a_continued_run_shows_the_epochs_before() {
    let folder = small();
    let at = folder.path();
    json(at, &["train", "--data", "small", "--epochs", "3", "--out", "run", "--json", "--quiet", "--no-report"]);
    let watched = Watched::start(at, &["--resume", "run", "--epochs", "100000000"]);
    let mut viewer = watched.viewer();
    let mut epochs: Vec<u64> = Vec::new();
    while epochs.len() < 4 {
        let events = next(&mut viewer);
        epochs.extend(of_kind(&events, "epoch").iter().filter_map(|event| event["epoch"].as_u64()));
    }
    assert_eq!(epochs[..4], [1, 2, 3, 4]);
}

#[test]
fn a_port_can_be_chosen_and_nothing_is_begun_if_it_is_taken() {
    let folder = small();
    let at = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let refused = run(at, &["train", "--data", "small", "--live", &port, "--out", "run"]);
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    assert!(err(&refused).contains(&format!("the port {port} of 127.0.0.1")), "{}", err(&refused));
    assert!(!at.join("run").exists());
    drop(taken);
    let trained = run(at, &["train", "--data", "small", "--epochs", "1", "--live", &port, "--out", "run"]);
    assert!(trained.status.success(), "{}", err(&trained));
    let url = format!("watch this training at http://127.0.0.1:{port}/?token=");
    assert!(err(&trained).contains(&url), "{}", err(&trained));
    for wrong in ["65536", "no"] {
        let refused = run(at, &["train", "--data", "small", &format!("--live={wrong}")]);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    }
}

/// A table whose names, classes and values are hostile.
#[test]
fn names_classes_and_values_from_data_are_only_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let mut csv = "\"</script><b>bold</b>\",\"a\"\"quote'\",class\n".to_owned();
    for row in 0..120 {
        let word = ["</style><img src=x onerror=alert(1)>", "{{data}}", "a\nb", "<!--"][row % 4];
        csv += &format!("{},\"{word}\",\"<script>{}</script>\"\n", row as f64 * 0.5, row % 2);
    }
    fs::write(at.join("hostile.csv"), csv).expect("a file");
    let table = ["--preset", "table", "--data", "hostile.csv", "--label-column", "class", "--epochs", "100000000"];
    let watched = Watched::start(at, &[&["--out", "run"], &table[..]].concat());
    let page = watched.ask(watched.own("GET", "/").as_bytes());
    let (head, html) = page.split_once("\r\n\r\n").expect("a body");
    for header in ["Cache-Control: no-store", "X-Frame-Options: DENY", "Content-Type: text/html; charset=utf-8"] {
        assert!(head.contains(header), "{head}");
    }
    assert_eq!(html.matches("<script").count(), 2, "no script but those of the page");
    assert_eq!(html.matches("</style>").count(), 1);
    for part in ["<b>bold", "<img src=x", "<!--"] {
        assert!(!html.contains(part), "{part}");
    }
    assert_eq!(html.matches("id=\"data\"").count(), 1, "a text that looks like a place stays as it is");
    assert!(html.contains("default-src 'none'") && !html.contains("https:"));
    assert_eq!(html.matches("http:").count(), html.matches("http://www.w3.org/2000/svg").count());
    let start = start(html);
    assert_eq!(start["samples"]["names"][0], "</script><b>bold</b>");
    assert_eq!(start["classes"], serde_json::json!(["<script>0</script>", "<script>1</script>"]));
    let mut viewer = watched.viewer();
    let outputs = loop {
        if let Some(event) = of_kind(&next(&mut viewer), "samples").first() {
            break event["outputs"].clone();
        }
    };
    let rows = outputs.as_array().expect("rows");
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row.as_array().is_some_and(|cells| cells.len() == 2)), "{outputs}");
}
