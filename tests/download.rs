//! Downloads from servers on this machine that misbehave in many ways.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use handgrad_dataset::download::Downloader;
use handgrad_dataset::named::{NamedSet, RemoteFile};
use handgrad_dataset::{Error, count};
use handgrad_files::{Progress, Unit};
use sha2::{Digest, Sha256};

const BODY: &[u8] = b"thirty-two bytes of a good file.";

/// A server that answers every request for a path with what `answer` writes, and counts the requests.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

fn server(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/sets/", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    // The thread runs as long as the test program; nothing waits for it.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().and_then(Result::ok).unwrap_or_default();
            while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            count.fetch_add(1, Ordering::SeqCst);
            answer(request.split(' ').nth(1).unwrap_or_default(), &mut stream);
        }
    });
    Server { url, requests }
}

/// A server that always sends the same bytes, head and body, and closes the connection.
fn sends(head: &str, body: &[u8]) -> Server {
    let answer = [format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes(), body].concat();
    server(move |_, stream| {
        let _ = stream.write_all(&answer);
    })
}

fn good() -> Server {
    sends(&format!("200 OK\r\nContent-Length: {}", BODY.len()), BODY)
}

/// A data set of files that all contain `BODY`.
fn set(names: &[&'static str]) -> NamedSet {
    let sha256 = Sha256::digest(BODY).iter().map(|byte| format!("{byte:02x}")).collect::<String>().leak();
    let file = |&name: &&'static str| RemoteFile { name, bytes: BODY.len() as u64, sha256 };
    let files = names.iter().map(file).collect::<Vec<_>>().leak();
    NamedSet { name: "some-set", about: "a test", licence: "none", files, mirrors: &[] }
}

fn fetch(mirrors: &[&Server], data: &Path) -> Result<PathBuf, Error> {
    downloader(mirrors).fetch(&set(&["a.gz"]), data, &())
}

fn downloader(mirrors: &[&Server]) -> Downloader {
    Downloader {
        mirrors: mirrors.iter().map(|server| server.url.clone()).collect(),
        // Long timeouts, so that a busy machine is not taken for a bad mirror.
        connect_timeout: Duration::from_secs(3),
        total_timeout: Duration::from_secs(20),
    }
}

/// A downloader with short timeouts.
fn hasty(mirror: &Server) -> Downloader {
    let (connect_timeout, total_timeout) = (Duration::from_millis(200), Duration::from_millis(600));
    Downloader { connect_timeout, total_timeout, ..downloader(&[mirror]) }
}

/// The files in the set's folder, hidden ones included.
fn left(data: &Path) -> Vec<String> {
    let Ok(entries) = data.join("some-set").read_dir() else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The error message when this server is the only mirror. No file may be left on the disk.
fn refusal(server: &Server) -> String {
    refusal_to(&downloader(&[server]))
}

fn refusal_to(downloader: &Downloader) -> String {
    let data = tempfile::tempdir().unwrap();
    let error = downloader.fetch(&set(&["a.gz"]), data.path(), &()).unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert_eq!(left(data.path()), [""; 0], "{error}");
    let words = error.to_string();
    assert!(words.contains("a.gz: the file is missing") && words.contains("by hand"), "{words}");
    assert!(words.contains(&format!("{} said: ", downloader.mirrors[0])), "{words}");
    words
}

#[test]
fn a_good_mirror_delivers_and_the_file_is_kept() {
    let (server, data) = (good(), tempfile::tempdir().unwrap());
    let folder = fetch(&[&server], data.path()).unwrap();
    assert_eq!(folder, data.path().join("some-set"));
    assert_eq!(
        (left(data.path()), std::fs::read(folder.join("a.gz")).unwrap()),
        (vec!["a.gz".to_owned()], BODY.to_vec())
    );
    // The second time, no request is sent and nothing is written.
    let before = std::fs::metadata(folder.join("a.gz")).unwrap().modified().unwrap();
    fetch(&[&server], data.path()).unwrap();
    assert_eq!(std::fs::metadata(folder.join("a.gz")).unwrap().modified().unwrap(), before);
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[test]
fn a_body_of_unknown_length_is_taken_when_it_is_right() {
    let data = tempfile::tempdir().unwrap();
    fetch(&[&sends("200 OK", BODY)], data.path()).unwrap();
    let chunked = [b"20\r\n", BODY, b"\r\n0\r\n\r\n"].concat();
    let data = tempfile::tempdir().unwrap();
    fetch(&[&sends("200 OK\r\nTransfer-Encoding: chunked", &chunked)], data.path()).unwrap();
    assert_eq!(left(data.path()), ["a.gz"]);
}

#[test]
fn refusals_are_reported_with_their_numbers() {
    for (head, number) in [("404 Not Found", "404"), ("500 Oops", "500"), ("403 Forbidden", "403")] {
        let words = refusal(&sends(&format!("{head}\r\nContent-Length: 0"), b""));
        assert!(words.contains(number), "{words}");
    }
}

#[test]
fn a_wrong_length_is_refused_before_the_body() {
    for length in [1, BODY.len() - 1, BODY.len() + 1, 1 << 40] {
        let words = refusal(&sends(&format!("200 OK\r\nContent-Length: {length}"), BODY));
        assert!(
            words.contains(&format!("announces {}, where 32 were expected", count(length, "byte", "bytes"))),
            "{words}"
        );
    }
}

#[test]
fn a_body_that_ends_early_is_refused() {
    let words = refusal(&sends("200 OK\r\nContent-Length: 32", &BODY[..20]));
    assert!(words.contains("stopped after 20 of 32 bytes"), "{words}");
    let words = refusal(&sends("200 OK\r\nContent-Length: 0", b""));
    assert!(words.contains("ended after 0 of 32 bytes"), "{words}");
    let words = refusal(&sends("200 OK", &BODY[..20]));
    assert!(words.contains("ended after 20 of 32 bytes"), "{words}");
}

#[test]
fn a_body_without_end_is_refused_at_once() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let endless = server(move |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while count.fetch_add(1, Ordering::SeqCst) < 100_000 && stream.write_all(&[7; 4096]).is_ok() {}
    });
    let words = refusal(&endless);
    assert!(words.contains("more than the 32 bytes"), "{words}");
    assert!(sent.load(Ordering::SeqCst) < 100_000, "everything was read");
}

#[test]
fn a_wrong_file_is_refused_by_its_digest() {
    let words = refusal(&sends("200 OK\r\nContent-Length: 32", &[b'x'; 32]));
    let found = Sha256::digest([b'x'; 32]).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(words.contains(&found) && words.contains(set(&["a.gz"]).files[0].sha256), "{words}");
}

#[test]
fn a_mirror_that_stalls_is_given_up() {
    let silent = server(|_, _| std::thread::sleep(Duration::from_secs(3)));
    let halfway = server(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\nsome");
        std::thread::sleep(Duration::from_secs(3));
    });
    let trickling = server(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n");
        for byte in BODY {
            std::thread::sleep(Duration::from_millis(150));
            let _ = stream.write_all(&[*byte]);
        }
    });
    for server in [silent, halfway, trickling] {
        let start = Instant::now();
        let words = refusal_to(&hasty(&server));
        assert!(words.contains("timeout"), "{words}");
        assert!(start.elapsed() < Duration::from_millis(2500), "{:?}: {words}", start.elapsed());
    }
}

#[test]
fn a_mirror_that_is_not_there_is_reported_quickly() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Server { url: format!("http://{port}/"), requests: Arc::default() };
    let start = Instant::now();
    refusal_to(&hasty(&gone));
    let nameless = Server { url: "http://no-such-host.invalid/".to_owned(), requests: Arc::default() };
    refusal_to(&hasty(&nameless));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn no_server_but_noise_is_reported() {
    let noise = server(|_, stream| {
        let _ = stream.write_all(&[0xff; 3000]);
    });
    refusal(&noise);
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let (target, data) = (good(), tempfile::tempdir().unwrap());
    let moved = sends(&format!("302 Found\r\nLocation: {}a.gz\r\nContent-Length: 0", target.url), b"");
    fetch(&[&moved], data.path()).unwrap();
    assert_eq!(left(data.path()), ["a.gz"]);
    let around = sends("302 Found\r\nLocation: /sets/a.gz\r\nContent-Length: 0", b"");
    let words = refusal(&around);
    assert!(words.contains("redirect"), "{words}");
    assert!(around.requests.load(Ordering::SeqCst) <= 6);
}

#[test]
fn the_next_mirror_is_tried_after_any_failure() {
    let bad = [
        sends("404 Not Found\r\nContent-Length: 0", b""),
        sends("200 OK\r\nContent-Length: 32", &[b'x'; 32]),
        sends("200 OK\r\nContent-Length: 32", &BODY[..5]),
        sends("200 OK\r\nContent-Length: 5", &BODY[..5]),
    ];
    for first in &bad {
        let (second, data) = (good(), tempfile::tempdir().unwrap());
        fetch(&[first, &second], data.path()).unwrap();
        assert_eq!(left(data.path()), ["a.gz"]);
        assert_eq!((first.requests.load(Ordering::SeqCst), second.requests.load(Ordering::SeqCst)), (1, 1));
    }
    // If no mirror delivers the file, the errors of all of them are quoted.
    let data = tempfile::tempdir().unwrap();
    let words = fetch(&[&bad[0], &bad[1]], data.path()).unwrap_err().to_string();
    assert!(words.contains("404") && words.contains("SHA-256") && words.contains(&bad[1].url), "{words}");
    let none = downloader(&[]).fetch(&set(&["a.gz"]), data.path(), &()).unwrap_err();
    assert!(none.is_unavailable(), "{none}");
}

#[test]
fn a_wrong_file_on_the_disk_is_reported_and_kept() {
    let (server, data) = (good(), tempfile::tempdir().unwrap());
    let path = data.path().join("some-set/b.gz");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "mine").unwrap();
    let error = downloader(&[&server]).fetch(&set(&["a.gz", "b.gz"]), data.path(), &()).unwrap_err();
    assert!(matches!(error, Error::WrongFile { .. }) && !error.is_unavailable());
    let words = error.to_string();
    let found = Sha256::digest(b"mine").iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(words.contains(&found) && words.contains(set(&[]).name) && words.contains("move it away"), "{words}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    assert_eq!((left(data.path()), server.requests.load(Ordering::SeqCst)), (vec!["b.gz".to_owned()], 0));
}

#[test]
fn a_good_file_is_left_alone_while_others_are_fetched() {
    let (server, data) = (good(), tempfile::tempdir().unwrap());
    let path = data.path().join("some-set/a.gz");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, BODY).unwrap();
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    downloader(&[&server]).fetch(&set(&["a.gz", "b.gz", "c.gz"]), data.path(), &()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert_eq!((left(data.path()).len(), server.requests.load(Ordering::SeqCst)), (3, 2));
}

#[test]
fn a_folder_that_cannot_be_made_is_not_called_unavailable() {
    let (server, data) = (good(), tempfile::tempdir().unwrap());
    std::fs::write(data.path().join("some-set"), "a file in the way").unwrap();
    let error = fetch(&[&server], data.path()).unwrap_err();
    assert!(matches!(error, Error::Files(handgrad_files::Error::Io { .. })) && !error.is_unavailable(), "{error}");
    assert_eq!(std::fs::read(data.path().join("some-set")).unwrap(), b"a file in the way");
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn start(&self, what: &str, bytes: Option<u64>, _: Unit) {
        self.0.lock().unwrap().push(format!("start {} {bytes:?}", what.split(' ').next().unwrap()));
    }
    fn advance(&self, bytes: u64) {
        self.0.lock().unwrap().push(format!("advance {bytes}"));
    }
    fn finish(&self) {
        self.0.lock().unwrap().push("finish".to_owned());
    }
}

#[test]
fn progress_is_told_of_every_byte_and_every_end() {
    let (bad, server, data) = (sends("404 No\r\nContent-Length: 0", b""), good(), tempfile::tempdir().unwrap());
    let told = Told::default();
    downloader(&[&bad, &server]).fetch(&set(&["a.gz"]), data.path(), &told).unwrap();
    let start = "start a.gz Some(32)";
    assert_eq!(*told.0.lock().unwrap(), [start, "finish", start, "advance 32", "finish"]);
}

#[test]
fn the_file_is_asked_for_under_its_name() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let server = server(move |path, stream| {
        log.lock().unwrap().push(path.to_owned());
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", BODY.len());
        let _ = stream.write_all(BODY);
    });
    let data = tempfile::tempdir().unwrap();
    fetch(&[&server], data.path()).unwrap();
    assert_eq!(*asked.lock().unwrap(), ["/sets/a.gz"]);
}
