//! The page of `handgrad playground`: the program answers nobody else, and the page shows what it answers. The tests in
//! a browser run where Chromium is found. This file belongs to the package `handgrad-cli`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

mod browser;
mod by_hand;
mod command;

use browser::Browser;
use by_hand::{ask, by_hand, first, near, plain, sizes, stepped_by_hand, with};
use command::number;
use serde_json::{Value, json};

/// The program, serving its page.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut process =
            command::handgrad(folder).arg("playground").stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("The playground is at ").unwrap_or_else(|| panic!("{line:?}"));
        Self { address: address.to_owned(), process }
    }

    /// `127.0.0.1:PORT`.
    fn host(&self) -> &str {
        self.address.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("a host")
    }

    /// The token, with the slash before it and the one after it.
    fn path(&self) -> &str {
        &self.address["http://".len() + self.host().len()..]
    }

    /// Sends bytes and returns the whole response.
    fn send(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.host()).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        // The server may answer before it has read everything.
        let _ = stream.write_all(request);
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response);
        String::from_utf8(response).expect("text")
    }

    /// The code of the response to a request with these parts.
    fn status(&self, first: &str, headers: &[&str], body: &str) -> String {
        let head: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let response = self.send(format!("{first}\r\n{head}\r\n{body}").as_bytes());
        response.split(' ').nth(1).unwrap_or("none").to_owned()
    }

    /// Asks a question as the page does, and returns the code and the body of the response.
    fn ask(&self, question: &str) -> (String, String) {
        let (path, host) = (self.path(), self.host());
        let length = question.len();
        let head = format!("POST {path}ask HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n");
        let response = self.send(format!("{head}Content-Length: {length}\r\n\r\n{question}").as_bytes());
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{response:?}"));
        (head.split(' ').nth(1).expect("a code").to_owned(), body.to_owned())
    }

    fn page(&self) -> String {
        let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", self.path(), self.host());
        self.send(request.as_bytes()).split_once("\r\n\r\n").expect("a body").1.to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_page_has_no_address_outside_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let html = Server::start(folder.path()).page();
    let allowed = html.replace("http://www.w3.org/2000/svg", "");
    for address in ["http:", "https:", "src=", "url(", "@import", "<link rel=\"stylesheet", "<iframe"] {
        assert!(!allowed.contains(address), "{address}");
    }
    assert!(html.contains("default-src 'none'; connect-src 'self'"));
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("{{").count(), 0, "no place is empty");
}

#[test]
fn nobody_but_the_page_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let (path, host) = (server.path(), server.host());
    let (get, post) = (format!("GET {path} HTTP/1.1"), format!("POST {path}ask HTTP/1.1"));
    let own = format!("Host: {host}");
    let port = host.split(':').nth(1).expect("a port");
    assert_eq!(path.len(), 34, "a token of 128 bits between two slashes");

    assert_eq!(server.status(&get, &[&own], ""), "200");
    assert_eq!(server.status(&get, &[&format!("host:  localhost:{port}")], ""), "200");
    // No token, a wrong one, or another path.
    let wrong = path.replace(|c: char| c.is_ascii_hexdigit(), "0");
    for target in ["/", "/favicon.ico", &wrong, path.trim_end_matches('/'), &format!("/x{path}"), "*"] {
        assert_eq!(server.status(&format!("GET {target} HTTP/1.1"), &[&own], ""), "404", "{target}");
    }
    for target in [format!("{path}other"), format!("{path}../"), format!("{path}ask"), format!("{path}%2e%2e/")] {
        assert_eq!(server.status(&format!("GET {target} HTTP/1.1"), &[&own], ""), "404", "{target}");
    }
    // Another name that leads here, or none; another origin.
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "[::1]:80", ""] {
        assert_eq!(server.status(&get, &[&format!("Host: {host}")], ""), "403", "{host}");
    }
    assert_eq!(server.status(&get, &[], ""), "403");
    for origin in ["null", "https://evil.example", "http://127.0.0.1:1", &format!("https://{host}"), ""] {
        assert_eq!(server.status(&get, &[&own, &format!("Origin: {origin}")], ""), "403", "{origin}");
    }
    assert_eq!(server.status(&get, &[&own, &format!("Origin: http://{host}")], ""), "200");
    // What is not as it must be.
    assert_eq!(server.status(&get, &[&own, &own], ""), "400", "two hosts");
    assert_eq!(server.status(&get, &[&own, "no colon"], ""), "400");
    assert_eq!(server.status(&get, &[&own, "Content-Length: 3"], "abc"), "400");
    assert_eq!(server.status("GET /", &[&own], ""), "400");
    assert_eq!(server.status(&format!("GET  {path} HTTP/1.1"), &[&own], ""), "400");
    assert_eq!(server.status(&format!("GET {path} HTTP/2"), &[&own], ""), "400");
    assert_eq!(server.status(&format!("PUT {path} HTTP/1.1"), &[&own], ""), "405");
    assert_eq!(server.status(&post, &[&own], ""), "411");
    assert_eq!(server.status(&post, &[&own, "Content-Length: -1"], ""), "400");
    assert_eq!(server.status(&post, &[&own, "Content-Length: 2", "Content-Length: 2"], "{}"), "400");
    assert_eq!(server.status(&post, &[&own, "Transfer-Encoding: chunked", "Content-Length: 2"], "{}"), "400");
    for length in ["262145", "99999999999999999999999999"] {
        assert_eq!(server.status(&post, &[&own, &format!("Content-Length: {length}")], "{}"), "413", "{length}");
    }
    let long = format!("X: {}", "x".repeat(8 * 1024));
    assert_eq!(server.status(&get, &[&own, &long], ""), "431");
    let many = vec!["X: y"; 4_000];
    assert_eq!(server.status(&get, &[&[own.as_str()][..], &many].concat(), ""), "431");
    assert!(server.send(b"\xff\xfe\r\n\r\n").starts_with("HTTP/1.1 400"));
    let secret = path.trim_matches('/');
    for request in ["GET / HTTP/1.1\r\n\r\n".to_owned(), format!("GET / HTTP/1.1\r\n{own}\r\n\r\n")] {
        assert!(!server.send(request.as_bytes()).contains(secret), "a refusal says nothing");
    }
    assert_eq!(server.status(&get, &[&own], ""), "200", "and the page is still served");
}

/// At most 16 connections are open, and one that says nothing, or little by little, does not block the others.
#[test]
fn idle_connections_are_bounded_and_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let get = format!("GET {} HTTP/1.1", server.path());
    let own = format!("Host: {}", server.host());
    let open = || TcpStream::connect(server.host()).expect("a connection");
    let idle: Vec<_> = (0..15).map(|_| open()).collect();
    assert_eq!(server.status(&get, &[&own], ""), "200", "the sixteenth");
    let mut last = open();
    last.write_all(b"GET ").expect("written");
    // All places are taken now.
    let refused = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.status(&get, &[&own], "") == "503"
    });
    assert!(refused);
    idle.iter().for_each(|stream| stream.shutdown(Shutdown::Both).expect("closed"));
    let served = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.status(&get, &[&own], "") == "200"
    });
    assert!(served);
    // The unfinished request ends by itself.
    last.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let mut told = String::new();
    last.read_to_string(&mut told).expect("an answer");
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
}

#[test]
fn questions_that_cannot_be_answered_say_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let start = first("4-2-4");
    let question = |state: &Value| json!({ "state": state, "steps": 0, "cell": null }).to_string();
    let cell = |of: &str, row: usize, column: usize| {
        json!({ "state": start, "steps": 0, "cell": { "of": of, "row": row, "column": column } }).to_string()
    };
    for (question, words) in [
        (String::new(), "EOF"),
        ("[".repeat(100_000), "line 1"),
        ("{\"state\":".repeat(1_000), "unknown"),
        ("{\"steps\": 1}".to_owned(), "missing field `state`"),
        (question(&with(&start, &[("network", json!("5-5-5"))])), "4-2-4"),
        (question(&with(&start, &[("theta", json!([1.0]))])), "theta has 1 number, but must have 22"),
        (question(&with(&start, &[("slots", json!([[], []]))])), "slots[0] has 0 numbers"),
        (question(&with(&start, &[("x", json!(vec![2.0; 12]))])), "an input is 2, but must be within 0..1"),
        (question(&with(&start, &[("theta", json!(vec![1e7; 22]))])), "beyond ±100"),
        (question(&with(&start, &[("step", json!(u64::MAX))])), "steps were taken, but there must be at most"),
        (question(&with(&start, &[("slots", json!([vec![0.0; 22], vec![-1.0; 22]]))])), "squares is below 0"),
        (question(&with(&start, &[("learning_rate", json!(0.0))])), "the learning rate is 0, but must be"),
        (question(&with(&start, &[("learning_rate", json!(-1.0))])), "the learning rate is -1"),
        (question(&with(&start, &[("mistake", json!("fresh-mask"))])), "there is no mistake \"fresh-mask\""),
        (question(&with(&start, &[("more", json!(1))])), "unknown field"),
        (question(&start).replace("0.9", "1e999"), "number out of range"),
        (question(&start).replace("\"steps\":0", "\"steps\":101"), "101 steps are asked for"),
        (question(&start).replace("\"steps\":0", "\"steps\":-1"), "invalid value"),
        (cell("q", 0, 0), "there is no \"q\""),
        (cell("w_e", 4, 0), "w_e has 4 rows and 2 columns"),
        (cell("w_e", 0, 2), "w_e has 4 rows and 2 columns"),
        (cell("w_e", usize::MAX, 1), "w_e has 4 rows and 2 columns"),
    ] {
        let (code, told) = server.ask(&question);
        assert!(code == "400" && told.contains(words), "{code}, {told}: {words}");
    }
    let (code, told) = server.ask(&question(&start));
    assert!(code == "200" && told.starts_with("{\"state\":"), "{code}, {told}");
    let huge = with(&start, &[("theta", json!(vec![100.0; 22])), ("slots", json!([vec![1e300; 22], vec![1e300; 22]]))]);
    assert_eq!(server.ask(&question(&huge)).0, "200", "large numbers are only numbers");
}

#[test]
fn a_port_that_is_taken_is_an_error_with_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let port = server.host().split(':').nth(1).expect("a port");
    let output = command::run(folder.path(), &["playground", "--port", port]);
    assert_eq!(output.status.code(), Some(1));
    assert!(command::err(&output).contains("give --port another number"), "{}", command::err(&output));
}

/// All cells that the page shows, as (quantity, row, column, text, label).
const CELLS: &str = "[...document.querySelectorAll('td[data-of]')].map(cell => [cell.dataset.of, +cell.dataset.row, \
                     +cell.dataset.column, cell.textContent, cell.getAttribute('aria-label')])";

/// Every number in a cell is that of the formulas, to the digits that it shows. Returns how many there are.
fn compare_cells(browser: &mut Browser, state: &Value) -> usize {
    let (expected, [n, k, _]) = (by_hand(state), sizes(state));
    let cells = browser.get(CELLS).as_array().expect("cells").clone();
    for cell in &cells {
        let [of, row, column, text, label] = [0, 1, 2, 3, 4].map(|at| &cell[at]);
        let of = of.as_str().expect("a name");
        let columns = match of {
            "losses" => 1,
            "w_e" | "b_e" | "h" | "dh" | "delta_e" | "dw_e" | "db_e" => k,
            _ => n,
        };
        let at = row.as_u64().expect("a row") as usize * columns + column.as_u64().expect("a column") as usize;
        let value = expected[of][at];
        let label = plain(label);
        let shown = label.rsplit_once(": ").expect("a label").1;
        assert!(text == "" || plain(text) == shown, "{cell}");
        let digit = 10_f64.powf(value.abs().log10().floor() - 2.0);
        let tolerance = if value == 0.0 { 0.0 } else { 0.500001 * digit };
        near(shown.parse().expect("a number"), value, tolerance, &cell.to_string());
    }
    cells.len()
}

/// The state that the page shows.
fn shown_state(browser: &mut Browser) -> Value {
    browser.get("state")
}

fn text_of(browser: &mut Browser, selector: &str) -> String {
    let text = browser.get(&format!("document.querySelector({selector:?}).textContent"));
    text.as_str().unwrap_or_else(|| panic!("{selector}: {text}")).to_owned()
}

/// Does something, and waits until the page has answered.
fn then(browser: &mut Browser, act: impl FnOnce(&mut Browser)) {
    let before = browser.get("+(document.documentElement.dataset.turns ?? 0)");
    act(browser);
    browser.wait(&format!("+document.documentElement.dataset.turns > {before}"));
}

#[test]
fn a_browser_shows_the_numbers_of_the_library_after_one_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut browser) = Browser::start(folder.path()) else { return };
    let server = Server::start(folder.path());
    let browser = &mut browser;
    browser.look(1280, 900, "light");
    browser.open(&server.address);
    browser.wait("document.documentElement?.dataset.ready === 'yes'");
    let start = first("4-2-4");
    assert_eq!(compare_cells(browser, &start), 101, "every number has a cell");

    // One step, by the keyboard.
    browser.get("document.getElementById('step').focus()");
    then(browser, |browser| browser.key("Enter"));
    let state = stepped_by_hand(&start);
    assert_eq!(compare_cells(browser, &state), 101);
    let status = text_of(browser, "#status");
    let loss: f64 = status.strip_prefix("Step 1: L = ").expect("the loss").parse().expect("a number");
    near(loss, 0.6834820316, 5.1e-11, "the loss of the course");

    // A cell by the mouse and by the keyboard: its formula, its value, and the function.
    then(browser, |browser| browser.click("td[data-of=dw_d][data-row='0'][data-column='0']"));
    let told = text_of(browser, "#explained");
    assert!(told.starts_with("dw_d₁₁ = h₁₁·δ_d₁₁ + h₂₁·δ_d₂₁ + h₃₁·δ_d₃₁ = "), "{told}");
    assert!(told.contains("computed by backward_weights in crates/layers/src/dense/dense.rs"), "{told}");
    browser.key("ArrowRight");
    browser.key("ArrowDown");
    then(browser, |browser| browser.key("Enter"));
    let told = text_of(browser, "#explained");
    assert!(told.starts_with("dw_d₂₂ = h₁₂·δ_d₁₂ + h₂₂·δ_d₂₂ + h₃₂·δ_d₃₂ = "), "{told}");
    let value = by_hand(&state)["dw_d"][5];
    let full = text_of(browser, "#told").replace('−', "-");
    near(full.strip_prefix("dw_d₂₂ = ").expect("a value").parse().expect("a number"), value, 1e-15, "all digits");

    // A weight is changed by typing: the loss and the gradients follow.
    then(browser, |browser| browser.click("td[data-of=w_e][data-row='1'][data-column='0']"));
    browser.get("(() => { const field = document.getElementById('number'); field.focus(); field.select(); })()");
    then(browser, |browser| browser.key("1"));
    let mut changed = stepped_by_hand(&start);
    changed["theta"][2] = json!(1.0);
    assert_eq!(compare_cells(browser, &changed), 101);
    // The same with the slider, by the keyboard: one step of 0.01.
    browser.get("document.getElementById('slider').focus()");
    then(browser, |browser| browser.key("ArrowRight"));
    changed["theta"][2] = json!(1.01);
    assert_eq!(compare_cells(browser, &changed), 101);
    assert_eq!(browser.console, [""; 0]);
}

#[test]
fn a_browser_shows_a_planted_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut browser) = Browser::start(folder.path()) else { return };
    let server = Server::start(folder.path());
    let browser = &mut browser;
    browser.look(390, 800, "dark");
    browser.open(&server.address);
    browser.wait("document.documentElement?.dataset.ready === 'yes'");
    assert_eq!(text_of(browser, "#verdict"), "All gradients agree with their difference quotients.");
    then(browser, |browser| browser.choose("#mistake", "negative-gradient"));
    assert_eq!(text_of(browser, "#verdict"), "The gradient check sees a mistake: dw_e, db_e, dw_d, db_d.");
    assert_eq!(browser.get("document.querySelectorAll('#check tr.bad').length"), 4);
    browser.choose("#steps", "10");
    then(browser, |browser| browser.click("#step"));
    let curve = |browser: &mut Browser, at: usize| -> f64 {
        text_of(browser, &format!("[data-curve='{at}']")).parse().expect("a number")
    };
    let right = number(&ask(&first("4-2-4"), 10, Value::Null)["loss"]);
    let wrong = with(&first("4-2-4"), &[("mistake", json!("negative-gradient"))]);
    let wrong = number(&ask(&wrong, 10, Value::Null)["loss"]);
    near(curve(browser, 0), right, 5.1e-6, "the curve without the mistake");
    near(curve(browser, 1), wrong, 5.1e-6, "the curve with it");
    assert!(right < wrong);
    assert_eq!(browser.get("document.querySelectorAll('#chart polyline').length"), 2);

    // A mistake that the check cannot see, and what finds it.
    then(browser, |browser| browser.choose("#mistake", "transposed-weights"));
    assert!(text_of(browser, "#verdict").contains("cannot see this mistake"), "{}", text_of(browser, "#verdict"));
    assert_eq!(browser.get("document.querySelectorAll('#check tr.bad').length"), 0);
    assert_eq!(browser.console, [""; 0]);
}

#[test]
fn a_browser_runs_pauses_and_shows_the_large_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut browser) = Browser::start(folder.path()) else { return };
    let server = Server::start(folder.path());
    let browser = &mut browser;
    browser.look(1280, 900, "dark");
    browser.open(&server.address);
    browser.wait("document.documentElement?.dataset.ready === 'yes'");
    then(browser, |browser| browser.choose("#name", "64-8-64"));
    let start = first("64-8-64");
    // Of every sample-wise quantity one sample, and all weights: 3·64 + 1 + 3·8 + 2·(2·512 + 72).
    assert_eq!(compare_cells(browser, &start), 3 * 64 + 1 + 3 * 8 + 2 * (2 * 512 + 72));
    browser.click("#run");
    browser.wait("state.step >= 3");
    then(browser, |browser| browser.click("#pause"));
    let state = shown_state(browser);
    let mut expected = start;
    for _ in 0..state["step"].as_u64().expect("a number") {
        expected = stepped_by_hand(&expected);
    }
    compare_cells(browser, &expected);
    let steps = browser.get("new Promise(go => setTimeout(() => go(state.step), 600))");
    assert_eq!(steps, state["step"], "it has paused");
    then(browser, |browser| browser.choose("#sample", "7"));
    compare_cells(browser, &expected);
    then(browser, |browser| browser.click("td[data-of=h][data-column='2']"));
    let told = text_of(browser, "#explained");
    assert!(told.starts_with("h₈,₃ = relu(x₈,₁·w_e₁,₃ + x₈,₂·w_e₂,₃ + "), "{told}");

    // The program ends: the page says so.
    drop(server);
    then(browser, |browser| browser.click("#step"));
    assert!(text_of(browser, "#problem").contains("does not answer"), "{}", text_of(browser, "#problem"));
}

/// Every control has a name, every identifier is there once, and the page is as wide as the screen.
#[test]
fn a_browser_finds_names_on_all_controls_and_nothing_too_wide() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut browser) = Browser::start(folder.path()) else { return };
    let server = Server::start(folder.path());
    let browser = &mut browser;
    for (width, scheme) in [(390, "light"), (1280, "dark")] {
        browser.look(width, 900, scheme);
        browser.open(&server.address);
        browser.wait("document.documentElement?.dataset.ready === 'yes'");
        for network in ["4-2-4", "64-8-64"] {
            then(browser, |browser| browser.choose("#name", network));
            then(browser, |browser| browser.click("td[data-of=w_d]"));
            let unnamed = "[...document.querySelectorAll('input, select, button, table[role], td[role]')]
                 .filter(element => !element.labels?.length && !element.getAttribute('aria-label')
                   && !(element.matches('button') && element.textContent)).length";
            assert_eq!(browser.get(unnamed), 0);
            let ids = "(() => { const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
                 return ids.length - new Set(ids).size; })()";
            assert_eq!(browser.get(ids), 0);
            let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.get(wider), 0, "{network}, {width}");
            // One stop of the Tab key for each matrix.
            assert_eq!(browser.get("document.querySelectorAll('td[tabindex=\"0\"]').length"), 15);
        }
    }
    assert_eq!(browser.console, [""; 0]);
}
