//! The disk fails at every single file operation of a download. This is a separate binary, because a fault is set for
//! the whole process.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use handgrad_dataset::Error;
use handgrad_dataset::download::Downloader;
use handgrad_dataset::named::{NamedSet, RemoteFile};
use handgrad_files::fault::{self, Failure, Fault, Operation};
use sha2::{Digest, Sha256};

/// A body that is longer than one piece of a download.
fn body() -> Vec<u8> {
    (0..200_000_u32).map(|at| (at % 251) as u8).collect()
}

/// A mirror that always sends the same bytes.
fn mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("its address"));
    // The thread runs as long as the test program; nothing waits for it.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body().len());
            let _ = stream.write_all(&[head.as_bytes(), &body()].concat());
        }
    });
    url
}

/// The files in the set's folder, hidden ones included.
fn left(data: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = data.join("some-set").read_dir() else { return Vec::new() };
    let read =
        |path: &Path| (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(path).expect("read"));
    let mut left: Vec<_> = entries.map(|entry| read(&entry.expect("an entry").path())).collect();
    left.sort();
    left
}

#[test]
fn every_fault_of_a_download_is_told_and_leaves_whole_files_alone() {
    let sha256: &str = Sha256::digest(body()).iter().map(|byte| format!("{byte:02x}")).collect::<String>().leak();
    let file = |name| RemoteFile { name, bytes: body().len() as u64, sha256 };
    let files = Vec::from([file("a.gz"), file("b.gz"), file("c.gz")]).leak();
    let set = NamedSet { name: "some-set", about: "a test", licence: "none", files, mirrors: &[] };
    let time = Duration::from_secs(20);
    let mirrors = vec![mirror(), mirror()];
    let downloader = Downloader { mirrors, connect_timeout: time, total_timeout: time };
    let whole: Vec<_> = ["a.gz", "b.gz", "c.gz"].map(|name| (name.to_owned(), body())).into();
    let mut count = 0;
    for (operation, failure) in
        Operation::ALL.into_iter().flat_map(|operation| Failure::ALL.map(|failure| (operation.1, failure.1)))
    {
        for nth in 1.. {
            let data = tempfile::tempdir().expect("a folder");
            // One file exists already and is checked.
            fs::create_dir(data.path().join("some-set")).expect("a folder");
            fs::write(data.path().join("some-set/a.gz"), body()).expect("written");
            fault::set(Some(Fault { operation, nth, failure }));
            let outcome = downloader.fetch(&set, data.path(), &());
            let came_about = fault::set(None);
            let left_then = left(data.path());
            let what = format!("{operation:?} {nth} {failure:?}");
            assert!(left_then.contains(&whole[0]), "{what}: the older file is as it was");
            match outcome {
                Ok(_) => assert!(left_then == whole, "{what}: success, and not all is there"),
                Err(error) => {
                    assert!(
                        came_about && matches!(error, Error::Files(handgrad_files::Error::Io { .. })),
                        "{what}: {error}"
                    );
                    assert!(error.to_string().contains("some-set"), "{what}: {error}");
                    let names: Vec<_> = left_then.iter().map(|file| &file.0).collect();
                    assert!(left_then.iter().all(|file| whole.contains(file)), "{what}: {names:?} is left");
                }
            }
            // When the disk works again, the missing files are downloaded.
            downloader.fetch(&set, data.path(), &()).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(left(data.path()) == whole, "{what}");
            if !came_about {
                break;
            }
            count += 1;
        }
    }
    println!("download: {count} faults");
    assert!(count > 60, "{count}");
}
