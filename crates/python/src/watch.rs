//! Progress and Ctrl-C while a verb works outside the interpreter.
//!
//! The verb has a thread of its own and tells what it does through a channel. The thread that called it, the only one in
//! which Python runs the handlers of signals and in which notebooks expect output, waits there, calls the function that
//! shows progress, and looks for signals all the time.

use gummel_cli::listener::Listener;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Longest time between two looks at the interpreter, and least time between two steps of one work that are told.
const PERIOD: Duration = Duration::from_millis(50);

/// As large as that of a main thread, for which verbs are made.
const STACK: usize = 8 << 20;

/// What a verb tells.
enum Event {
    Moved { title: String, done: u64, total: u64, message: String },
    Ended,
}

/// The end of the channel that a verb has.
pub(crate) struct Watch {
    events: Sender<Event>,
    last: Mutex<Option<Instant>>,
    stop: Arc<AtomicBool>,
}

impl Watch {
    /// Whether it is time to tell; the end of a piece of work always is.
    fn is_due(&self, ended: bool) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = ended || last.is_none_or(|t| t.elapsed() >= PERIOD);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

impl Listener for Watch {
    fn moved(&self, title: &str, done: u64, total: u64, message: &str) {
        if self.is_due(done == total) {
            let event = Event::Moved { title: title.to_owned(), done, total, message: message.to_owned() };
            // Nobody listens once the caller is gone.
            self.events.send(event).ok();
        }
    }

    fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }
}

/// Tells of the end also when the verb panics.
struct End(Sender<Event>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send(Event::Ended).ok();
    }
}

/// Does `work` in a thread, the interpreter released; also gives what was raised meanwhile: KeyboardInterrupt, or an
/// error of `callback(title, done, total, message)`.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    callback: Option<&Py<PyAny>>,
    work: impl FnOnce(Arc<Watch>) -> T + Send,
) -> PyResult<(T, Option<PyErr>)> {
    py.detach(|| {
        let (events, told) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let end = End(events.clone());
        let watch = Arc::new(Watch { events, last: Mutex::new(None), stop: stop.clone() });
        std::thread::scope(|scope| {
            let worker =
                Builder::new().name("gummel".into()).stack_size(STACK).spawn_scoped(scope, move || {
                    let _end = end;
                    work(watch)
                })?;
            let raised = attend(&told, callback, &stop);
            let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((done, raised))
        })
    })
}

/// Serves a verb until it ends; gives the first error, at which the verb was asked to stop.
fn attend(told: &Receiver<Event>, callback: Option<&Py<PyAny>>, stop: &AtomicBool) -> Option<PyErr> {
    let mut raised = None;
    loop {
        let moved = match told.recv_timeout(PERIOD) {
            Ok(Event::Ended) | Err(RecvTimeoutError::Disconnected) => return raised,
            Err(RecvTimeoutError::Timeout) => None,
            Ok(moved) => Some(moved),
        };
        if let Err(error) = look(callback, moved, raised.is_some()) {
            stop.store(true, Ordering::SeqCst);
            // The first cause counts.
            raised.get_or_insert(error);
        }
    }
}

/// Runs the handlers of signals (in the main thread only, as Python has it) and the callback; of work that is to stop
/// only the ends are told.
fn look(callback: Option<&Py<PyAny>>, moved: Option<Event>, stopping: bool) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        match (callback, moved) {
            (Some(callback), Some(Event::Moved { title, done, total, message }))
                if !stopping || done == total =>
            {
                callback.call1(py, (title, done, total, message)).map(drop)
            }
            _ => Ok(()),
        }
    })
}
