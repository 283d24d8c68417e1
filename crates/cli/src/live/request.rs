//! Which requests the page of a training answers, decided by their heads alone.
//!
//! A browser sends requests to this address for any page that asks it to, so a request must show that it belongs here:
//!
//! ```text
//! Host      names this address. Otherwise a foreign page whose name was made to lead here (DNS rebinding) could read
//!           the answers, because a browser takes both for the same origin
//! Origin    if there is one, it is this page, not another one
//! token     the address contains it; it was drawn for this training and is only in the terminal
//! ```

use httparse::{EMPTY_HEADER, Request, Status};

use crate::server::is_same;

/// The longest head of a request.
pub const LONGEST: usize = 16 * 1024;
/// The most headers of a request.
const MOST_HEADERS: usize = 64;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The page.
    Page,
    /// The events of the training.
    Events,
    /// That the training stops.
    Stop,
}

/// Why a request gets no answer but this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    Foreign,
    Unknown,
    Method,
    TooLong,
}

impl Refusal {
    /// The status line of the answer, without the protocol.
    pub fn status(self) -> &'static str {
        match self {
            Refusal::Malformed => "400 Bad Request",
            Refusal::Foreign => "403 Forbidden",
            Refusal::Unknown => "404 Not Found",
            Refusal::Method => "405 Method Not Allowed",
            Refusal::TooLong => "431 Request Header Fields Too Large",
        }
    }
}

/// Reads the head of a request, as far as it has arrived. `None` if it is not complete. `host` is this address with its
/// port, and `token` what the address of the page contains.
pub fn read(head: &[u8], host: &str, token: &str) -> Option<Result<Wanted, Refusal>> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = Request::new(&mut headers);
    match request.parse(head) {
        Ok(Status::Complete(_)) => Some(wanted(&request, host, token)),
        Ok(Status::Partial) if head.len() > LONGEST => Some(Err(Refusal::TooLong)),
        Ok(Status::Partial) => None,
        Err(httparse::Error::TooManyHeaders) => Some(Err(Refusal::TooLong)),
        Err(_) => Some(Err(Refusal::Malformed)),
    }
}

fn wanted(request: &Request, host: &str, token: &str) -> Result<Wanted, Refusal> {
    let of_name = |name: &str| {
        let headers = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        headers.map(|header| header.value).collect::<Vec<_>>()
    };
    let origin = format!("http://{host}");
    let is_here = of_name("host") == [host.as_bytes()];
    let is_of_this_page = of_name("origin").iter().all(|found| *found == origin.as_bytes());
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let found = query.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
    if !(is_here && is_of_this_page && is_same(found, token)) {
        return Err(Refusal::Foreign);
    }
    match (path, request.method.unwrap_or_default()) {
        ("/", "GET") => Ok(Wanted::Page),
        ("/events", "GET") => Ok(Wanted::Events),
        ("/stop", "POST") => Ok(Wanted::Stop),
        ("/" | "/events" | "/stop", _) => Err(Refusal::Method),
        _ => Err(Refusal::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:4000";
    const TOKEN: &str = "0123456789abcdef";

    fn asked(line: &str, headers: &[&str]) -> Option<Result<Wanted, Refusal>> {
        read(format!("{line} HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n")).as_bytes(), HOST, TOKEN)
    }

    #[test]
    fn three_addresses_are_answered() {
        let host = ["Host: 127.0.0.1:4000"];
        let token = |path: &str| format!("{path}?token={TOKEN}");
        assert_eq!(asked(&token("GET /"), &host), Some(Ok(Wanted::Page)));
        assert_eq!(asked(&token("GET /events"), &host), Some(Ok(Wanted::Events)));
        let own = ["host: 127.0.0.1:4000", "Origin: http://127.0.0.1:4000"];
        assert_eq!(asked(&token("POST /stop"), &own), Some(Ok(Wanted::Stop)));
        for (line, refusal) in [
            ("GET /stop", Refusal::Method),
            ("POST /", Refusal::Method),
            ("OPTIONS /events", Refusal::Method),
            ("HEAD /", Refusal::Method),
            ("GET /report.html", Refusal::Unknown),
            ("GET /../config.toml", Refusal::Unknown),
            ("GET http://127.0.0.1:4000/", Refusal::Unknown),
        ] {
            assert_eq!(asked(&token(line), &host), Some(Err(refusal)), "{line}");
        }
    }

    #[test]
    fn a_request_of_another_page_or_without_the_token_is_refused() {
        let foreign = Some(Err(Refusal::Foreign));
        let with_token = format!("GET /?token={TOKEN}");
        for host in ["localhost:4000", "evil.example:4000", "127.0.0.1", "127.0.0.1:4001", "127.0.0.1:4000.", ""] {
            assert_eq!(asked(&with_token, &[&format!("Host: {host}")]), foreign, "{host}");
        }
        assert_eq!(asked(&with_token, &["Accept: */*"]), foreign, "no host");
        assert_eq!(asked(&with_token, &["Host: 127.0.0.1:4000", "Host: evil.example"]), foreign, "two hosts");
        for origin in ["http://evil.example", "null", "https://127.0.0.1:4000", "http://127.0.0.1:4001", ""] {
            let headers = ["Host: 127.0.0.1:4000", &format!("Origin: {origin}")];
            assert_eq!(asked(&with_token, &headers), foreign, "{origin}");
        }
        let longer = format!("GET /?token={TOKEN}0");
        let upper = with_token.to_uppercase();
        for line in ["GET /", "GET /?token=", "GET /?token=0123456789abcdee", "GET /?a=b&tokens=1", &longer, &upper] {
            assert_eq!(asked(line, &["Host: 127.0.0.1:4000"]), foreign, "{line}");
        }
    }

    #[test]
    fn a_head_has_an_end_and_a_length() {
        let whole = format!("GET /?token={TOKEN} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        for end in 0..whole.len() - 1 {
            assert_eq!(read(&whole.as_bytes()[..end], HOST, TOKEN), None, "{end} bytes");
        }
        let long = format!("GET / HTTP/1.1\r\nCookie: {}", "x".repeat(LONGEST));
        assert_eq!(read(long.as_bytes(), HOST, TOKEN), Some(Err(Refusal::TooLong)));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(read(many.as_bytes(), HOST, TOKEN), Some(Err(Refusal::TooLong)));
        for malformed in ["\u{0}\u{1}\u{2}", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n"] {
            assert_eq!(read(malformed.as_bytes(), HOST, TOKEN), Some(Err(Refusal::Malformed)), "{malformed:?}");
        }
    }
}
