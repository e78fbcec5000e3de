//! Downloads against a small web server that misbehaves on demand.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use gummel_catalogue::entry::RemoteFile;
use gummel_catalogue::{CatalogueError, Entry, FetchOptions, fetch};
use sha2::{Digest, Sha256};

const BODY: &[u8] = b"! VERSION = 6.00\nBEGIN_HEADER\nEND_HEADER\n";
const PATH: &str = "cells/a b(1).mdm";

/// What the server does with the n-th request, the last one for all later ones.
#[derive(Clone, Copy)]
enum Behave {
    Serve,
    /// The whole file, whatever range is asked for.
    Whole,
    Cut(usize),
    Status(u16),
    Corrupt,
}

struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn serve(behaviour: Vec<Behave>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        for (k, stream) in listener.incoming().enumerate() {
            answer(stream.unwrap(), behaviour[k.min(behaviour.len() - 1)], &seen);
        }
    });
    Server { base, requests }
}

fn answer(mut stream: TcpStream, behave: Behave, seen: &Mutex<Vec<String>>) {
    let mut head = HashMap::new();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    for line in lines {
        let line = line.unwrap();
        let Some((name, value)) = line.split_once(':') else { break };
        head.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let range = head.get("range").cloned().unwrap_or_default();
    seen.lock().unwrap().push(format!("{request} {range}"));
    let from = range.strip_prefix("bytes=").and_then(|r| r.trim_end_matches('-').parse::<usize>().ok());
    let body = &BODY[from.unwrap_or(0)..];
    let status = if from.is_some() { "206 Partial Content" } else { "200 OK" };
    let head = |status: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
    };
    let bytes = match behave {
        Behave::Whole => {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", BODY.len());
            [head.as_bytes(), BODY].concat()
        }
        Behave::Serve => [head(status).as_bytes(), body].concat(),
        Behave::Cut(n) => [head(status).as_bytes(), &body[..n]].concat(),
        Behave::Status(s) => {
            format!("HTTP/1.1 {s} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
        }
        Behave::Corrupt => [head(status).as_bytes(), &vec![b'x'; body.len()]].concat(),
    };
    stream.write_all(&bytes).unwrap();
}

fn entry() -> Entry {
    let sha256 = Sha256::digest(BODY).iter().map(|b| format!("{b:02x}")).collect();
    Entry {
        name: "test".into(),
        description: String::new(),
        repository: String::new(),
        commit: String::new(),
        base_url: String::new(),
        license: String::new(),
        citation: String::new(),
        files: vec![RemoteFile { path: PATH.into(), bytes: BODY.len() as u64, sha256 }],
    }
}

fn run(
    behaviour: Vec<Behave>,
    folder: &std::path::Path,
) -> (Result<gummel_catalogue::FetchReport, CatalogueError>, Vec<String>) {
    let server = serve(behaviour);
    let options = FetchOptions { base: Some(server.base), jobs: 2 };
    let result = fetch(&entry(), folder, &options, &|_| ());
    let requests = server.requests.lock().unwrap().clone();
    (result, requests)
}

#[test]
fn a_file_is_fetched_verified_and_not_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let (report, requests) = run(vec![Behave::Serve], folder.path());
    assert_eq!(report.unwrap().fetched, 1);
    assert_eq!(requests, ["GET /cells/a%20b%281%29.mdm HTTP/1.1 "]);
    assert_eq!(std::fs::read(folder.path().join(PATH)).unwrap(), BODY);
    let (report, requests) = run(vec![Behave::Status(500)], folder.path());
    assert_eq!(report.unwrap().present, 1);
    assert!(requests.is_empty(), "a verified file was asked for again");
}

#[test]
fn a_cut_connection_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (report, requests) = run(vec![Behave::Cut(10), Behave::Serve], folder.path());
    report.unwrap();
    assert!(requests[1].ends_with("bytes=10-"), "{requests:?}");
    assert_eq!(std::fs::read(folder.path().join(PATH)).unwrap(), BODY);
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_one_that_has_nothing_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (report, requests) = run(vec![Behave::Status(503), Behave::Serve], folder.path());
    report.unwrap();
    assert_eq!(requests.len(), 2);
    let folder = tempfile::tempdir().unwrap();
    let (report, requests) = run(vec![Behave::Status(404)], folder.path());
    assert!(matches!(report.unwrap_err(), CatalogueError::Get { reason, .. } if reason.contains("404")));
    assert_eq!(requests.len(), 1);
}

#[test]
fn a_corrupted_body_is_refused_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (report, _) = run(vec![Behave::Corrupt], folder.path());
    assert!(matches!(report.unwrap_err(), CatalogueError::Hash { .. }));
    assert_eq!(std::fs::read_dir(folder.path().join("cells")).unwrap().count(), 0);
}

#[test]
fn a_local_folder_serves_as_source() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(from.path().join("cells")).unwrap();
    std::fs::write(from.path().join(PATH), BODY).unwrap();
    let options = FetchOptions { base: Some(from.path().display().to_string()), jobs: 1 };
    assert_eq!(fetch(&entry(), to.path(), &options, &|_| ()).unwrap().bytes, BODY.len() as u64);
    assert_eq!(std::fs::read(to.path().join(PATH)).unwrap(), BODY);
}

#[test]
fn progress_counts_every_byte_once_even_when_the_server_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(vec![Behave::Cut(10), Behave::Whole]);
    let options = FetchOptions { base: Some(server.base), jobs: 1 };
    let seen = Mutex::new(Vec::new());
    let report = fetch(&entry(), folder.path(), &options, &|p| seen.lock().unwrap().push(p)).unwrap();
    assert_eq!(report.bytes, 10 + BODY.len() as u64);
    let seen = seen.into_inner().unwrap();
    assert!(seen.iter().all(|p| p.bytes <= p.total_bytes), "{seen:?}");
    let last = seen.last().unwrap();
    assert_eq!((last.files, last.bytes), (1, BODY.len() as u64));
    assert_eq!(std::fs::read(folder.path().join(PATH)).unwrap(), BODY);
}

#[test]
fn a_damaged_part_of_an_earlier_run_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join(format!("{PATH}.part"));
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::fs::write(&part, b"garbage").unwrap();
    let (report, requests) = run(vec![Behave::Serve], folder.path());
    assert_eq!(report.unwrap().fetched, 1);
    assert!(requests[0].ends_with("bytes=7-") && requests.len() == 2, "{requests:?}");
    assert_eq!(std::fs::read(folder.path().join(PATH)).unwrap(), BODY);
}

#[test]
fn without_a_server_the_error_names_the_address_and_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = FetchOptions { base: Some(format!("http://{address}")), jobs: 1 };
    let message = fetch(&entry(), folder.path(), &options, &|_| ()).unwrap_err().to_string();
    assert!(message.contains(&address.to_string()) && message.contains("again to go on"), "{message}");
}
