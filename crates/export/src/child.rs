//! Running another program to its end, or until it is wanted no more.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest time that a raised flag goes unseen.
const PERIOD: Duration = Duration::from_millis(50);

/// Feeds `input` to a program and gives its exit status and all that it printed; once `stop` is raised the program is
/// killed and there is `None`.
///
/// # Errors
/// When it cannot be started or waited for.
pub fn run(command: &mut Command, input: &str, stop: &AtomicBool) -> io::Result<Option<Output>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_owned();
    // Fed and read by threads of their own, so that a program which prints while it reads cannot block. They are not
    // waited for after a kill: a program of the program's own may keep its pipes open.
    std::thread::spawn(move || {
        // A program that stops reading says why on its own.
        stdin.as_mut().map(|pipe| pipe.write_all(input.as_bytes()))
    });
    let (ended, end) = channel::<()>();
    let errors_ended = ended.clone();
    let out = std::thread::spawn(move || all(stdout, ended));
    let errors = std::thread::spawn(move || all(stderr, errors_ended));
    while end.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
        if stop.load(Ordering::Relaxed) {
            kill(&mut child)?;
            return Ok(None);
        }
    }
    let status = child.wait()?;
    Ok(Some(Output { status, stdout: bytes(out)?, stderr: bytes(errors)? }))
}

/// What a thread has read.
fn bytes(reader: JoinHandle<io::Result<Vec<u8>>>) -> io::Result<Vec<u8>> {
    reader.join().unwrap_or_else(|_| Err(io::Error::other("a pipe could not be read")))
}

/// What comes through a pipe until it closes; then `ended` goes, too.
fn all(pipe: Option<impl Read>, ended: Sender<()>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    drop(ended);
    Ok(bytes)
}

/// Ends a program that may have ended by itself.
fn kill(child: &mut Child) -> io::Result<()> {
    // An error is that it is gone already.
    child.kill().ok();
    child.wait().map(drop)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_is_fed_and_heard_to_its_end() {
        let stop = AtomicBool::new(false);
        // More than a pipe holds, in both directions at once.
        let input = "x".repeat(1 << 18);
        let done = run(&mut shell("cat; echo why >&2; exit 3"), &input, &stop).unwrap().unwrap();
        assert_eq!(done.stdout, input.as_bytes());
        assert_eq!((done.stderr.as_slice(), done.status.code()), (&b"why\n"[..], Some(3)));
        assert!(run(&mut Command::new("/no/such/program"), "", &stop).is_err());
    }

    #[test]
    fn a_program_that_is_wanted_no_more_is_killed() {
        let stop = AtomicBool::new(false);
        let begun = Instant::now();
        let done = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(200));
                stop.store(true, Ordering::Relaxed);
            });
            run(Command::new("sleep").arg("60"), "", &stop).unwrap()
        });
        assert!(done.is_none() && begun.elapsed() < Duration::from_secs(20));
    }
}
