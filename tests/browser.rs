//! Chromium without a window, driven by its own protocol (Chrome DevTools Protocol) through two pipes: pages are
//! opened, clicked and typed into as by a person. `HANDGRAD_CHROMIUM` names its program, otherwise `chromium`,
//! `chromium-browser` and `google-chrome` are tried.
#![allow(dead_code, reason = "each test file that opens pages uses some of these functions")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Browser {
    process: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// Errors, warnings and other lines of the console.
    pub console: Vec<String>,
}

impl Browser {
    /// Starts the browser, with its profile in `folder`. `None` if there is no Chromium.
    pub fn start(folder: &Path) -> Option<Self> {
        let named = std::env::var("HANDGRAD_CHROMIUM").ok();
        let names = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
        let starts =
            |name: &String| Command::new(name).arg("--version").output().is_ok_and(|told| told.status.success());
        let Some(program) = named.into_iter().chain(names).find(starts) else {
            println!("skipped: there is no Chromium; install it, or name its program in HANDGRAD_CHROMIUM");
            return None;
        };
        // The browser reads the file 3 and writes the file 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null", "sh", &program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .args([&format!("--user-data-dir={}", folder.join("profile").display()), "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let requests = process.stdin.take().expect("a pipe");
        let mut answers = BufReader::new(process.stdout.take().expect("a pipe"));
        let (send, messages) = channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while answers.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).expect("JSON");
                bytes.clear();
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self { process, requests, messages, session: None, last: 0, console: Vec::new() };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": page, "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the protocol and returns its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut request = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).expect("the browser reads");
        loop {
            let message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            let event = &message["params"];
            match message["method"].as_str() {
                Some("Runtime.consoleAPICalled") => self.console.push(event["args"].to_string()),
                Some("Runtime.exceptionThrown") => self.console.push(event["exceptionDetails"].to_string()),
                Some("Log.entryAdded") => self.console.push(event["entry"].to_string()),
                _ => {}
            }
        }
    }

    /// Sets the size of the page in CSS pixels, and whether it is dark.
    pub fn look(&mut self, width: usize, height: usize, scheme: &str) {
        let mobile = width < 500;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    pub fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({ "url": address }));
    }

    /// Evaluates an expression in the page and returns its value. A promise is awaited.
    pub fn get(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) {
        let start = Instant::now();
        while self.get(expression) != json!(true) {
            assert!(start.elapsed() < PATIENCE, "{expression}; the console: {:?}", self.console);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses a key: `Tab`, `Enter`, `ArrowDown`, or a single character.
    pub fn key(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Home" => (36, ""),
            "End" => (35, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            " " => (32, " "),
            other => (0, other),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Clicks the middle of the first element of a CSS selector.
    pub fn click(&mut self, selector: &str) {
        let place = self.get(&format!(
            "(() => {{ const element = document.querySelector({selector:?});
              element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
              const box = element.getBoundingClientRect();
              return [box.left + box.width / 2, box.top + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Chooses an option of a `select`, as a person does with the keyboard.
    pub fn choose(&mut self, selector: &str, value: &str) {
        self.get(&format!(
            "(() => {{ const select = document.querySelector({selector:?});
              select.focus(); select.value = {value:?};
              select.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ));
    }

    /// Writes a picture of the whole page.
    pub fn picture(&mut self, path: &Path) {
        let taken = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": false }));
        fs::write(path, bytes(taken["data"].as_str().expect("base64"))).expect("a file");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The bytes of a base64 text.
fn bytes(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut found) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = DIGITS.iter().position(|digit| *digit == letter).expect("a digit of base64");
        (bits, held) = (bits << 6 | value as u32, held + 6);
        if held >= 8 {
            held -= 8;
            found.push((bits >> held) as u8);
        }
    }
    found
}
