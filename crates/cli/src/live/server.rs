//! The server of the page: HTTP/1.1 with one request for each connection, and one thread for each connection.
//!
//! The threads do nothing but wait for the network and for events, so they take no time from the training. A connection
//! has a few seconds to send the head of its request, and as long to take each part of its answer; then it is dropped.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::feed::{Feed, MOST_VIEWERS};
use super::request::{self, Refusal, Wanted};

/// The most connections at a time: those of all viewers, and some that ask.
const MOST_CONNECTIONS: usize = MOST_VIEWERS + 16;
/// After this time without events a viewer gets an empty line, which shows whether it is still there.
const SILENCE: Duration = Duration::from_secs(10);

/// What connections are answered with.
pub struct Service {
    /// The address with its port.
    pub host: String,
    /// What the address of the page contains.
    pub token: String,
    /// The page.
    pub page: String,
    /// The events for the page.
    pub feed: Arc<Feed>,
    /// The time for the head of a request, and the time in which a connection must take some part of its answer.
    pub time_limit: Duration,
    /// What a request to stop does.
    pub stop: Box<dyn Fn() + Send + Sync>,
}

/// Answers connections on a thread of its own until the process ends.
///
/// # Errors
/// If there is no thread for it.
pub fn serve(listener: TcpListener, service: Service) -> std::io::Result<()> {
    let (service, open) = (Arc::new(service), Arc::new(AtomicUsize::new(0)));
    let accept = move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                // There may be too many open files.
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            let place = Place::take(&open);
            let service = Arc::clone(&service);
            if let Some(place) = place {
                // Without a thread, the connection is dropped.
                let _ = thread::Builder::new().name("viewer".into()).spawn(move || {
                    let _ = service.answer(stream);
                    drop(place);
                });
            }
        }
    };
    thread::Builder::new().name("live page".into()).spawn(accept).map(|_| ())
}

/// One of the places for connections.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(open));
        // If there was no room, dropping the place takes this back.
        (open.fetch_add(1, Ordering::Relaxed) < MOST_CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.time_limit))?;
        match self.asked(&mut stream)? {
            Ok(Wanted::Page) => respond(&mut stream, "200 OK", "text/html; charset=utf-8", &self.page)?,
            Ok(Wanted::Events) => return self.tell(stream),
            Ok(Wanted::Stop) => {
                (self.stop)();
                respond(&mut stream, "200 OK", "text/plain", "the training stops after its step\n")?;
            }
            Err(refusal) => {
                respond(&mut stream, refusal.status(), "text/plain", "refused\n")?;
                stream.shutdown(Shutdown::Write)?;
                return self.drain(&mut stream);
            }
        }
        stream.shutdown(Shutdown::Write)
    }

    /// Reads the rest of a request that was refused, for a while: a connection that is closed with unread bytes takes
    /// its answer back.
    fn drain(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let until = Instant::now() + self.time_limit / 10;
        let mut part = [0; 4096];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            stream.set_read_timeout(Some(left))?;
            if stream.read(&mut part)? == 0 {
                return Ok(());
            }
        }
    }

    /// Reads the head of a request. The error of a connection that ends or takes too long.
    fn asked(&self, stream: &mut TcpStream) -> std::io::Result<Result<Wanted, Refusal>> {
        let until = Instant::now() + self.time_limit;
        let (mut head, mut part) = (Vec::new(), [0; 4096]);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
            let count = match stream.read(&mut part) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            head.extend_from_slice(&part[..count]);
            // Only a line end can complete the head, so single bytes do not cost a parse each.
            if !part[..count].contains(&b'\n') && head.len() <= request::LONGEST {
                continue;
            }
            if let Some(asked) = request::read(&head, &self.host, &self.token) {
                return Ok(asked);
            }
        }
    }

    /// Tells a viewer the events, as server-sent events, until the training or the viewer ends.
    fn tell(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(mut viewer) = self.feed.viewer() else {
            let why = format!("there are {MOST_VIEWERS} viewers already\n");
            return respond(&mut stream, "503 Service Unavailable", "text/plain", &why);
        };
        stream.write_all(head("200 OK", "text/event-stream", None).as_bytes())?;
        let begin = handgrad_pictures::live::Event::Begin.json();
        stream.write_all(format!("retry: 2000\ndata: [{begin}]\n\n").as_bytes())?;
        while let Some(events) = viewer.next(SILENCE) {
            let text = match &events[..] {
                [] => ":\n\n".to_owned(),
                events => format!("data: [{}]\n\n", events.join(",")),
            };
            stream.write_all(text.as_bytes())?;
        }
        stream.shutdown(Shutdown::Write)
    }
}

fn respond(stream: &mut TcpStream, status: &str, kind: &str, body: &str) -> std::io::Result<()> {
    stream.write_all((head(status, kind, Some(body.len())) + body).as_bytes())
}

/// The head of an answer. No other page may read it, frame it or keep it.
fn head(status: &str, kind: &str, length: Option<usize>) -> String {
    let length = length.map_or_else(String::new, |length| format!("Content-Length: {length}\r\n"));
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{length}Connection: close\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::super::feed::Kind;
    use super::*;

    const TIME_LIMIT: Duration = Duration::from_secs(1);

    /// A server with an empty page, and its feed.
    fn served() -> (String, Arc<Feed>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (host, feed) = (listener.local_addr().expect("an address").to_string(), Arc::new(Feed::default()));
        let (token, page) = ("secret".to_owned(), String::new());
        let of_server = Arc::clone(&feed);
        let service =
            Service { host: host.clone(), token, page, feed: of_server, time_limit: TIME_LIMIT, stop: Box::new(|| ()) };
        serve(listener, service).expect("a thread");
        (host, feed)
    }

    fn asking(host: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(host).expect("it is answered");
        let request = format!("GET {path}?token=secret HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is read");
        stream
    }

    /// A viewer, after it has got the beginning of the events.
    fn viewer(host: &str) -> BufReader<TcpStream> {
        let mut stream = BufReader::new(asking(host, "/events"));
        let mut line = String::new();
        while !line.starts_with("data: ") {
            line.clear();
            assert_ne!(stream.read_line(&mut line).expect("events"), 0, "the events begin");
        }
        stream
    }

    fn is_gone(feed: &Feed) -> bool {
        let until = Instant::now() + Duration::from_secs(60);
        while feed.viewers() > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        feed.viewers() == 0
    }

    /// 64 MB are more than the buffers of a connection hold.
    #[test]
    fn a_viewer_that_does_not_read_is_dropped_and_nobody_waits_for_it() {
        let (host, feed) = served();
        let stalled = viewer(&host);
        let reading = viewer(&host);
        let reader = thread::spawn(move || {
            let lines = reading.lines().map(|line| line.expect("text")).filter(|line| !line.is_empty());
            lines.last()
        });
        for number in 0..16 {
            feed.replace(Kind::Map, format!("\"{number}{}\"", "x".repeat(1 << 22)));
            thread::sleep(Duration::from_millis(20));
        }
        feed.replace(Kind::State, "\"the end\"".into());
        feed.close(Duration::ZERO);
        assert!(reader.join().expect("it reads").expect("a line").ends_with("\"the end\"]"));
        assert!(is_gone(&feed), "the other one too");
        drop(stalled);
    }

    #[test]
    fn a_viewer_that_vanishes_is_forgotten() {
        let (host, feed) = served();
        drop(viewer(&host));
        for number in 0..50 {
            feed.replace(Kind::Step, number.to_string());
            thread::sleep(Duration::from_millis(10));
        }
        assert!(is_gone(&feed));
    }

    #[test]
    fn half_a_request_is_dropped_after_a_while() {
        let (host, _feed) = served();
        let mut half = TcpStream::connect(&host).expect("it is answered");
        half.write_all(b"GET / HTTP/1.1\r\nHost: ").expect("it is read");
        let mut answer = Vec::new();
        // The connection ends, without an answer or with an error.
        let _ = half.read_to_end(&mut answer);
        assert!(answer.is_empty());
    }

    /// Connections that say nothing take the places of others only for a while.
    #[test]
    fn there_are_so_many_places_and_they_become_free_again() {
        let (host, _feed) = served();
        let silent: Vec<_> = (0..3 * MOST_CONNECTIONS).map(|_| TcpStream::connect(&host)).collect();
        thread::sleep(2 * TIME_LIMIT);
        let mut answer = String::new();
        asking(&host, "/").read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        drop(silent);
    }

    #[test]
    fn one_viewer_too_many_is_told_so() {
        let (host, feed) = served();
        let viewers: Vec<_> = (0..MOST_VIEWERS).map(|_| viewer(&host)).collect();
        let mut answer = String::new();
        asking(&host, "/events").read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert_eq!(feed.viewers(), MOST_VIEWERS);
        drop(viewers);
    }
}
