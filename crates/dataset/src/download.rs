//! Downloads files from the web. A downloaded file is accepted only if its SHA-256 is right.

use handgrad_files::{Progress, Unit};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy, ResponseExt};

use crate::named::{NamedSet, RemoteFile};
use crate::words::bytes;
use crate::{Error, thousands};
use handgrad_files::Seam;

/// Downloads the files of a named set. Each file is taken from the first mirror that delivers it complete and correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloader {
    /// The addresses of folders on the web, which are tried in this order. Each ends in a slash. If an address starts
    /// with `https`, its redirects must use https too.
    pub mirrors: Vec<String>,
    /// The longest time for a name lookup, and the longest time for connecting. Four times as long, but no longer than
    /// `total_timeout`, may pass without any new bytes.
    pub connect_timeout: Duration,
    /// The longest time that one file may take from one mirror.
    pub total_timeout: Duration,
}

/// What went wrong with one mirror. After an error of the mirror the next mirror is tried. An error on this side, for
/// example a full disk, ends the download.
enum Failure {
    Mirror(String),
    Ours(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}

impl Downloader {
    /// A downloader with the mirrors of a set, a connect timeout of 5 seconds, and 5 minutes for each file.
    #[must_use]
    pub fn for_set(set: &NamedSet) -> Self {
        Self {
            mirrors: set.mirrors.iter().map(|&mirror| mirror.to_owned()).collect(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(300),
        }
    }

    /// The same as [`crate::named::fetch`], with the mirrors and timeouts of this downloader.
    ///
    /// # Errors
    /// The same as those of [`crate::named::fetch`].
    pub fn fetch(&self, set: &NamedSet, data_dir: &Path, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let folder = data_dir.join(set.name);
        let mut missing = Vec::new();
        // Existing files are checked first, so that a wrong file is reported before anything is downloaded.
        for file in set.files {
            let path = folder.join(file.name);
            if path.try_exists().map_err(Error::io(&path, "looking for it"))? {
                check(&path, file)?;
            } else {
                missing.push(file);
            }
        }
        for (i, file) in missing.iter().enumerate() {
            self.fetch_file(file, &missing[i..], &folder, progress)?;
        }
        Ok(folder)
    }

    fn fetch_file(
        &self,
        file: &RemoteFile,
        missing: &[&RemoteFile],
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let path = folder.join(file.name);
        let mut said = Vec::new();
        for mirror in &self.mirrors {
            progress.start(&format!("{} from {mirror}", file.name), Some(file.bytes), Unit::Bytes);
            let outcome = self.fetch_from(mirror, file, &path, progress);
            progress.finish();
            match outcome {
                Ok(()) => return Ok(()),
                Err(Failure::Ours(error)) => return Err(error),
                Err(Failure::Mirror(words)) => said.push(format!("{mirror} said: {words}")),
            }
        }
        let said = if said.is_empty() { "no mirror is known".to_owned() } else { said.join("; ") };
        let names = missing.iter().map(|file| file.name).collect::<Vec<_>>().join(", ");
        let by_hand = match self.mirrors.first() {
            Some(mirror) => format!("{names} from {mirror}"),
            None => names,
        };
        Err(Error::Unavailable { path, said, by_hand })
    }

    fn fetch_from(&self, mirror: &str, file: &RemoteFile, path: &Path, progress: &dyn Progress) -> Result<(), Failure> {
        let response = self.agent(mirror).get(format!("{mirror}{}", file.name)).call();
        let response = response.map_err(|e| Failure::Mirror(e.to_string()))?;
        let size = file.bytes;
        if let Some(length) = response.body().content_length().filter(|&length| length != size) {
            return Err(Failure::Mirror(format!(
                "it announces {}, where {} were expected",
                bytes(length),
                thousands(size as usize)
            )));
        }
        let address = response.get_uri().to_string();
        // One byte more than expected is enough to know that the file is too long.
        let mut body = response.into_body().into_reader().take(size + 1);
        let part = handgrad_files::beside(path)?;
        let mut sha = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut length: u64 = 0;
        loop {
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    return Err(Failure::Mirror(format!("it stopped after {length} of {size} bytes: {e}")));
                }
            };
            length += count as u64;
            sha.update(&buffer[..count]);
            Seam(part.as_file()).write_all(&buffer[..count]).map_err(Error::io(path, "writing beside it"))?;
            progress.advance(count as u64);
        }
        if length > size {
            return Err(Failure::Mirror(format!("it sent more than the {size} bytes that were expected")));
        }
        if length < size {
            return Err(Failure::Mirror(format!("it ended after {length} of {size} bytes")));
        }
        let found = handgrad_files::hex(sha);
        if found != file.sha256 {
            let expected = file.sha256;
            return Err(Failure::Mirror(format!("{address} has SHA-256 {found}, where {expected} was expected")));
        }
        handgrad_files::keep(part, path)?;
        Ok(())
    }

    fn agent(&self, mirror: &str) -> Agent {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        // A server on this machine is reached without a proxy.
        let proxy = if mirror.starts_with("http://127.0.0.1:") { None } else { Proxy::try_from_env() };
        Agent::config_builder()
            .proxy(proxy)
            .tls_config(tls)
            .https_only(mirror.starts_with("https:"))
            .max_redirects(4)
            .accept_encoding("identity")
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_connect(Some(self.connect_timeout))
            .timeout_per_read(Some(self.stall_timeout()))
            .timeout_global(Some(self.total_timeout))
            .build()
            .new_agent()
    }

    /// The longest time to wait for the next bytes. It is usually much shorter than the time for a whole file, so a
    /// mirror that stops sending is given up early.
    fn stall_timeout(&self) -> Duration {
        (self.connect_timeout * 4).min(self.total_timeout)
    }
}

/// Checks that a file on disk has the expected length and SHA-256.
fn check(path: &Path, file: &RemoteFile) -> Result<(), Error> {
    let (length, sha256) = handgrad_files::digest(path)?;
    if length == file.bytes && sha256 == file.sha256 {
        return Ok(());
    }
    let describe = |length: u64, sha256: &str| format!("a length of {} and the SHA-256 {sha256}", bytes(length));
    Err(Error::WrongFile {
        path: path.to_path_buf(),
        found: describe(length, &sha256),
        expected: describe(file.bytes, file.sha256),
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// With an https mirror, a request to a plain http address is refused. ureq makes this check before each request,
    /// also after a redirect; a test of a redirect would need a server with a certificate.
    #[test]
    fn a_mirror_on_https_is_held_to_it() -> Result<(), Box<dyn std::error::Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let plain = format!("http://{}/", listener.local_addr()?);
        let time = Duration::from_millis(100);
        let downloader = Downloader { mirrors: Vec::new(), connect_timeout: time, total_timeout: time };
        let held = downloader.agent("https://example.org/").get(&plain).call();
        assert!(matches!(held, Err(ureq::Error::RequireHttpsOnly(_))), "{held:?}");
        let free = downloader.agent(&plain).get(&plain).call();
        assert!(matches!(free, Err(ureq::Error::Timeout(_))), "{free:?}");
        Ok(())
    }
}
