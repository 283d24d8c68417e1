//! A server for pages of this program: HTTP on 127.0.0.1, for the browser of the person who started it.
//!
//! Other programs and other pages in the same browser can reach such a server too, so it refuses all that does not
//! come from its own page:
//!
//! - It listens on 127.0.0.1 only, and every path begins with a random token of 128 bits.
//! - The header Host must name this server, so that no other name that leads to 127.0.0.1 is accepted. The header
//!   Origin, which a browser adds when a page asks for something, must name it as well, if it is there.
//! - A head has at most 8 KiB and a body at most 256 KiB; a request must arrive within 10 seconds; at most 16
//!   connections are open. Each connection has one request.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const HEAD: usize = 8 * 1024;
const BODY: usize = 256 * 1024;
const CONNECTIONS: usize = 16;
/// The time for a whole request, and for a whole response.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A request of the server's own page.
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// What follows the token: empty for the page itself.
    pub path: String,
    pub body: Vec<u8>,
}

pub struct Response {
    /// The code and its name: `200 OK`.
    pub status: &'static str,
    /// The media type.
    pub kind: &'static str,
    pub body: Vec<u8>,
}

impl Response {
    pub fn text(status: &'static str, text: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: text.into() }
    }

    /// The response to a request that is not served. It says no more than its status.
    pub fn refusal(status: &'static str) -> Self {
        Self::text(status, status)
    }
}

pub struct Server {
    listener: TcpListener,
    port: u16,
    token: String,
    connections: AtomicUsize,
}

impl Server {
    /// Listens on a port of 127.0.0.1; 0 is any free port.
    pub fn open(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port, token: token()?, connections: AtomicUsize::new(0) })
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Answers requests until the process ends, each in a thread of its own.
    pub fn serve(&self, answer: impl Fn(&Request) -> Response + Sync) {
        let answer = &answer;
        thread::scope(|scope| {
            loop {
                let Ok((stream, _)) = self.listener.accept() else {
                    // Too many open files, or a connection that is gone already.
                    thread::sleep(Duration::from_millis(20));
                    continue;
                };
                let others = self.connections.fetch_add(1, Ordering::Relaxed);
                let place = Place(&self.connections);
                if others >= CONNECTIONS {
                    let _ = send(&stream, &Response::refusal("503 Service Unavailable"));
                    continue;
                }
                // If the system starts no more threads, the connection is closed.
                let _ = thread::Builder::new().spawn_scoped(scope, move || {
                    let _place = place;
                    self.talk(&stream, answer);
                });
            }
        })
    }

    fn talk(&self, stream: &TcpStream, answer: &(impl Fn(&Request) -> Response + Sync)) {
        let _ = match self.read(stream) {
            Ok(request) => send(stream, &answer(&request)),
            Err(Refused::Silent) => Ok(()),
            Err(Refused::With(status)) => send(stream, &Response::refusal(status)).and_then(|()| {
                // A socket that is closed with unread bytes takes its response back.
                stream.shutdown(Shutdown::Write)?;
                io::copy(&mut InTime::of(stream, TIME_LIMIT / 10), &mut io::sink()).map(|_| ())
            }),
        };
    }

    /// Reads a request, and checks that it comes from the server's own page.
    fn read(&self, stream: &TcpStream) -> Result<Request, Refused> {
        let mut reader = BufReader::new(InTime::of(stream, TIME_LIMIT));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let left = HEAD - head.len();
            match reader.by_ref().take(left as u64).read_line(&mut head) {
                Ok(0) if left == 0 => return Err(Refused::With("431 Request Header Fields Too Large")),
                Ok(0) => return Err(Refused::Silent),
                Ok(_) => {}
                // Browsers open connections in advance, and may not use them.
                Err(error) if head.is_empty() && error.kind() != ErrorKind::InvalidData => return Err(Refused::Silent),
                Err(error) => return Err(error.into()),
            }
        }
        let mut lines = head.trim_end().split("\r\n");
        let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, "HTTP/1.1" | "HTTP/1.0"] = first[..] else { return Err(BAD) };
        let headers: Vec<_> = lines.map(|line| line.split_once(':')).collect::<Option<_>>().ok_or(BAD)?;
        // The only value of a header, if it is there.
        let header = |name: &str| {
            let mut found = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (first, None) => Ok(first.map(|(_, value)| value.trim())),
                _ => Err(BAD),
            }
        };
        let is_here =
            |host: &str| ["127.0.0.1", "localhost"].iter().any(|name| host == format!("{name}:{}", self.port));
        let from_here = |origin: &str| origin.strip_prefix("http://").is_some_and(is_here);
        if !header("Host")?.is_some_and(is_here) || !header("Origin")?.is_none_or(from_here) {
            return Err(Refused::With("403 Forbidden"));
        }
        let (found, path) = target.strip_prefix('/').and_then(|rest| rest.split_once('/')).unwrap_or_default();
        if !is_same(found, &self.token) {
            return Err(Refused::With("404 Not Found"));
        }
        let length = match (method, header("Content-Length")?, header("Transfer-Encoding")?) {
            ("GET", None, None) => 0,
            ("POST", None, None) => return Err(Refused::With("411 Length Required")),
            ("POST", Some(digits), None) if is_number(digits) => match digits.parse() {
                Ok(length) if length <= BODY => length,
                _ => return Err(Refused::With("413 Content Too Large")),
            },
            ("GET" | "POST", ..) => return Err(BAD),
            _ => return Err(Refused::With("405 Method Not Allowed")),
        };
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Request { method: method.into(), path: path.into(), body })
    }
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text that nobody can guess: 128 random bits of the operating system.
pub fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    let why = |error| io::Error::other(format!("no random numbers for the address of the page: {error}"));
    getrandom::fill(&mut bytes).map_err(why)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Compares two texts in a time that does not depend on where they differ.
pub fn is_same(found: &str, expected: &str) -> bool {
    let pairs = found.bytes().zip(expected.bytes());
    found.len() == expected.len() && pairs.fold(0, |apart, (a, b)| apart | (a ^ b)) == 0
}

/// Why a request is not answered: with a status, or without a word to a connection that has ended or was never used.
enum Refused {
    Silent,
    With(&'static str),
}

const BAD: Refused = Refused::With("400 Bad Request");

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::With("408 Request Timeout"),
            // Not UTF-8.
            ErrorKind::InvalidData => BAD,
            _ => Self::Silent,
        }
    }
}

/// Counts a connection as long as it lives.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads or writes until a deadline, however slowly the other side is.
struct InTime<'a> {
    stream: &'a TcpStream,
    deadline: Instant,
}

impl<'a> InTime<'a> {
    fn of(stream: &'a TcpStream, time: Duration) -> Self {
        Self { stream, deadline: Instant::now() + time }
    }
}

impl Read for InTime<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

impl Write for InTime<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_write_timeout(Some(left))?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn send(stream: &TcpStream, response: &Response) -> io::Result<()> {
    let Response { status, kind, body } = response;
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nContent-Security-Policy: frame-ancestors 'none'\r\n\r\n",
        body.len()
    );
    let mut to = InTime::of(stream, TIME_LIMIT);
    to.write_all(head.as_bytes())?;
    to.write_all(body)
}

#[cfg(test)]
mod tests {
    use super::{is_same, token};

    #[test]
    fn tokens_have_128_bits_and_differ() {
        let tokens = [token().expect("random"), token().expect("random")];
        assert!(tokens.iter().all(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit())));
        assert!(!is_same(&tokens[0], &tokens[1]) && !is_same("", &tokens[0]) && is_same(&tokens[0], &tokens[0]));
    }
}
