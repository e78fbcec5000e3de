//! One file from a web server or a local folder, resumed where an earlier attempt was cut.

use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::CatalogueError;
use crate::entry::RemoteFile;

/// Attempts at one file before giving up.
const ATTEMPTS: u32 = 6;
/// Wait before the second attempt; doubled after each.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Longest time for one body; the largest files have a few megabytes.
const BODY_TIMEOUT: Duration = Duration::from_secs(300);

/// Where files come from.
pub(crate) enum Source {
    Web { agent: ureq::Agent, base: String },
    Folder(PathBuf),
}

impl Source {
    /// `base` is `http(s)://...`, `file://...` or the path of a folder.
    pub(crate) fn new(base: &str) -> Self {
        if base.starts_with("http://") || base.starts_with("https://") {
            let config = ureq::Agent::config_builder()
                .timeout_connect(Some(Duration::from_secs(20)))
                .timeout_recv_response(Some(Duration::from_secs(60)))
                .timeout_recv_body(Some(BODY_TIMEOUT))
                .http_status_as_error(false)
                .build();
            return Source::Web { agent: config.into(), base: base.trim_end_matches('/').to_owned() };
        }
        Source::Folder(PathBuf::from(base.strip_prefix("file://").unwrap_or(base)))
    }

    /// Address of a file, for messages and requests.
    pub(crate) fn address(&self, path: &str) -> String {
        match self {
            Source::Web { base, .. } => format!("{base}/{}", escaped(path)),
            Source::Folder(folder) => folder.join(path).display().to_string(),
        }
    }

    /// Brings `file` to `target` and returns the number of bytes received.
    ///
    /// `progress` is told how many bytes of the file are at hand, which becomes less when a server begins anew
    /// instead of going on.
    pub(crate) fn get(
        &self,
        file: &RemoteFile,
        target: &Path,
        progress: &dyn Fn(u64),
    ) -> Result<u64, CatalogueError> {
        let part = part_name(target);
        let mut received = 0;
        let mut resumed = part.exists();
        loop {
            self.complete(file, &part, &mut received, progress)?;
            let found = sha256(&part).map_err(write_error(&part))?;
            if found == file.sha256 {
                std::fs::rename(&part, target).map_err(write_error(target))?;
                return Ok(received);
            }
            // A damaged part would be resumed for ever. When an earlier run left it, the source deserves a second try.
            std::fs::remove_file(&part).map_err(write_error(&part))?;
            progress(0);
            if !resumed {
                return Err(CatalogueError::Hash {
                    url: self.address(&file.path),
                    found,
                    expected: file.sha256.clone(),
                });
            }
            resumed = false;
        }
    }

    /// Repeats [`Source::append`] until `part` has all bytes.
    fn complete(
        &self,
        file: &RemoteFile,
        part: &Path,
        received: &mut u64,
        progress: &dyn Fn(u64),
    ) -> Result<(), CatalogueError> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            match self.append(file, part, received, progress) {
                Ok(()) => break,
                Err(Trouble::Final(e)) => return Err(e),
                Err(Trouble::Passing(e)) if attempt == ATTEMPTS => return Err(e),
                Err(Trouble::Passing(_)) => std::thread::sleep(wait),
            }
            wait *= 2;
        }
        Ok(())
    }

    /// Appends what is missing of the file to `part`.
    fn append(
        &self,
        file: &RemoteFile,
        part: &Path,
        received: &mut u64,
        progress: &dyn Fn(u64),
    ) -> Result<(), Trouble> {
        let have = std::fs::metadata(part).map_or(0, |m| m.len());
        if have == file.bytes {
            progress(have);
            return Ok(());
        }
        let have = if have > file.bytes { 0 } else { have };
        let url = self.address(&file.path);
        let refused = |reason: String| CatalogueError::Get { url: url.clone(), reason };
        let (body, from): (Box<dyn Read>, u64) = match self {
            Source::Folder(_) => {
                let file = File::open(&url).map_err(|e| Trouble::Final(refused(e.to_string())))?;
                (Box::new(file), 0)
            }
            Source::Web { agent, .. } => {
                let mut request = agent.get(&url);
                if have > 0 {
                    request = request.header("Range", format!("bytes={have}-"));
                }
                let response = request.call().map_err(|e| Trouble::Passing(refused(e.to_string())))?;
                let from = match response.status().as_u16() {
                    200 => 0,
                    206 => have,
                    s @ (408 | 429 | 500..=599) => {
                        return Err(Trouble::Passing(refused(format!("the server answered {s}"))));
                    }
                    s => return Err(Trouble::Final(refused(format!("the server answered {s}")))),
                };
                (Box::new(response.into_body().into_reader()), from)
            }
        };
        let mut out = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(from == 0)
            .append(from > 0)
            .open(part)
            .map_err(|e| Trouble::Final(write_error(part)(e)))?;
        // One byte more than announced is enough to see that the file is another one.
        let mut body = body.take((file.bytes + 1).saturating_sub(from));
        let mut buffer = vec![0; 64 << 10];
        let mut total = from;
        progress(total);
        loop {
            let n = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Trouble::Passing(refused(e.to_string()))),
            };
            out.write_all(&buffer[..n]).map_err(|e| Trouble::Final(write_error(part)(e)))?;
            total += n as u64;
            *received += n as u64;
            progress(total);
        }
        if total < file.bytes {
            return Err(Trouble::Passing(refused(format!(
                "the connection ended after {total} of {} bytes",
                file.bytes
            ))));
        }
        Ok(())
    }
}

/// Whether another attempt may help.
enum Trouble {
    Passing(CatalogueError),
    Final(CatalogueError),
}

fn part_name(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    target.with_file_name(name)
}

pub(crate) fn write_error(path: &Path) -> impl Fn(io::Error) -> CatalogueError {
    move |source| CatalogueError::Write { path: path.to_owned(), source }
}

/// SHA-256 of a file, lower-case hexadecimal.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Percent-encodes everything but unreserved characters and slashes (RFC 3986).
fn escaped(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}
