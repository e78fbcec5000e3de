//! What reaches the terminal: text or JSON on standard output, progress and messages on standard error.

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Level;

use crate::interrupt;
use crate::listener::Front;
use crate::progress::Bar;
use crate::table::Paint;

/// Columns where there is no terminal.
const WIDTH: usize = 100;

/// Options of every verb about what is said and how.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Voice {
    /// Print one JSON document on standard output and nothing else there; text goes to standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but warnings, errors and what was asked for with --json
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more on standard error (-v: what is being done; -vv: every detail)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// One command's connection with the terminal.
pub struct Session {
    voice: Voice,
    bars: MultiProgress,
    width: usize,
    paint: Paint,
    front: Option<Front>,
}

impl Session {
    /// A session with the given voice; looks at the terminal and at `NO_COLOR`.
    pub fn new(voice: Voice) -> Self {
        let bars = MultiProgress::with_draw_target(match voice.quiet || !std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        });
        let tty = if voice.json { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let session =
            Session { voice, bars, width: width(), paint: Paint { on: tty && !no_color }, front: None };
        session.log();
        session
    }

    /// A session with a program instead of a terminal: nothing is printed, all is kept in `front`.
    pub fn within(front: Front) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        Session {
            voice: Voice::default(),
            bars,
            width: WIDTH,
            paint: Paint { on: false },
            front: Some(front),
        }
    }

    /// The program that this session is with; `None` for a terminal.
    pub fn front(&self) -> Option<&Front> {
        self.front.as_ref()
    }

    /// Starts listening to Ctrl-C; a program has its own way to ask for an end.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen(&self) -> Result<()> {
        if self.front.is_some() { Ok(()) } else { interrupt::listen() }
    }

    /// True once the work is to stop at its best state.
    pub fn interrupted(&self) -> bool {
        self.front.as_ref().map_or_else(interrupt::asked, |f| f.listener().stop().load(Ordering::SeqCst))
    }

    /// What libraries look at while they work: raised by the program that runs the verb. At a terminal it never is, there
    /// Ctrl-C ends the process.
    pub fn stop(&self) -> Arc<AtomicBool> {
        self.front.as_ref().map_or_else(Arc::default, |f| f.listener().stop().clone())
    }

    /// Columns of the terminal, 100 when there is none.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Colours, when the terminal takes them.
    pub fn paint(&self) -> Paint {
        self.paint
    }

    /// True when the result is wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.voice.json
    }

    /// Text for a person: on standard output, with `--json` on standard error, with `--quiet` nowhere.
    ///
    /// # Errors
    /// When the stream is closed or full.
    pub fn say(&self, text: impl AsRef<str>) -> Result<()> {
        if self.voice.quiet {
            return Ok(());
        }
        let text = text.as_ref();
        if let Some(front) = &self.front {
            front.heard().said.push(text.to_owned());
            return Ok(());
        }
        self.bars.suspend(|| match self.voice.json {
            true => writeln!(std::io::stderr().lock(), "{text}"),
            false => writeln!(std::io::stdout().lock(), "{text}"),
        })?;
        Ok(())
    }

    /// The machine-readable result; printed with `--json` only, once per command.
    ///
    /// # Errors
    /// When the stream is closed or full.
    pub fn result(&self, value: &impl Serialize) -> Result<()> {
        if let Some(front) = &self.front {
            front.heard().result = serde_json::to_value(value)?;
            return Ok(());
        }
        if self.voice.json {
            let text = serde_json::to_string_pretty(value)?;
            self.bars.suspend(|| writeln!(std::io::stdout().lock(), "{text}"))?;
        }
        Ok(())
    }

    /// Raw output that was asked for (completions, CSV on standard output), whatever the voice.
    ///
    /// # Errors
    /// When the stream is closed or full.
    pub fn emit(&self, bytes: &[u8]) -> Result<()> {
        if let Some(front) = &self.front {
            front.heard().emitted.extend_from_slice(bytes);
            return Ok(());
        }
        self.bars.suspend(|| {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        })?;
        Ok(())
    }

    /// A warning on standard error, also with `--quiet`.
    pub fn warn(&self, text: &str) {
        match &self.front {
            Some(front) => front.heard().warned.push(text.to_owned()),
            None => self.complain("warning", text),
        }
    }

    /// An error on standard error.
    pub fn error(&self, text: &str) {
        self.complain("error", text);
    }

    /// A progress bar, `title` its prefix, on standard error or for the program; invisible with `--quiet` and when nobody watches.
    pub fn bar(&self, title: &str, total: u64, template: &str) -> Bar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let drawn = self.bars.add(ProgressBar::new(total).with_style(style.progress_chars("=> ")));
        Bar::new(drawn.with_prefix(title.to_owned()), self.front.as_ref().map(|f| f.listener().clone()))
    }

    /// Prints on standard error.
    fn complain(&self, kind: &str, text: &str) {
        // Standard error is the last resort: when it is gone too, nobody can be told.
        self.bars.suspend(|| writeln!(std::io::stderr().lock(), "{kind}: {text}")).ok();
    }

    /// Sends the libraries' events to standard error, as far as the voice wants them.
    fn log(&self) {
        let level = match (self.voice.quiet, self.voice.verbose) {
            (true, _) => Level::ERROR,
            (false, 0) => Level::WARN,
            (false, 1) => Level::INFO,
            (false, _) => Level::DEBUG,
        };
        let bars = self.bars.clone();
        // A second session in one process (tests) keeps the first one's log.
        tracing_subscriber::fmt()
            .with_max_level(level)
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || Quietly(bars.clone()))
            .try_init()
            .ok();
    }
}

/// Standard error between two drawings of the progress bars.
struct Quietly(MultiProgress);

impl Write for Quietly {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.suspend(|| std::io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().lock().flush()
    }
}

fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)).or_else(columns).unwrap_or(WIDTH).max(40)
}
