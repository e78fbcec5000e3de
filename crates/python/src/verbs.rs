//! Running a verb or the reader with words of the command line and tables in memory, interpreter released.

use gummel_cli::exit::Outcome;
use gummel_cli::listener::{Front, Given, memory};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::exception;
use crate::table::Table;
use crate::watch::watched;

/// Runs `gummel WORDS`; `{0}` ... in a word stands for the table of that number.
///
/// Gives a dictionary: `result` (JSON as text), `said`, `warned`, `emitted`, `table` (predictions), `outcome`
/// (the exit code) and `raised` (what Python wanted to raise while the verb worked, KeyboardInterrupt mostly).
#[pyfunction]
#[pyo3(signature = (words, tables, callback=None))]
pub(crate) fn call<'py>(
    py: Python<'py>,
    words: Vec<String>,
    tables: Vec<PyRef<'py, Table>>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let given = tables.iter().map(|t| t.given()).collect::<PyResult<Vec<Given>>>()?;
    let line: Vec<String> = std::iter::once("gummel".to_owned()).chain(fill(words, tables.len())).collect();
    let ((outcome, front), raised) = watched(py, callback.as_ref(), |watch| {
        let front = Front::new(watch, given);
        (gummel_cli::call(line, &front), front)
    })?;
    let outcome = match (outcome, raised.as_ref()) {
        (Ok(outcome), _) => outcome,
        (Err(_), Some(raised)) => return Err(raised.clone_ref(py)),
        (Err(error), None) => return Err(exception(error)),
    };
    let heard = std::mem::take(&mut *front.heard());
    let answer = PyDict::new(py);
    answer.set_item("result", heard.result.to_string())?;
    answer.set_item("said", heard.said.join("\n"))?;
    answer.set_item("warned", heard.warned)?;
    answer.set_item("emitted", String::from_utf8_lossy(&heard.emitted))?;
    let table = heard.predictions.map(|p| p.columns()).transpose().map_err(exception)?;
    answer.set_item("table", table.map(Table::of_columns))?;
    answer.set_item("outcome", code(outcome))?;
    answer.set_item("raised", raised)?;
    Ok(answer)
}

/// Reads the files that `words` name, as every verb does; gives a table and the warnings.
///
/// The table remembers how it was read where its files `stay`, so that a fit of it knows its data as the command
/// line does.
#[pyfunction]
#[pyo3(signature = (words, callback=None, stay=true))]
pub(crate) fn read(
    py: Python<'_>,
    words: Vec<String>,
    callback: Option<Py<PyAny>>,
    stay: bool,
) -> PyResult<(Table, Vec<String>)> {
    let ((done, front), raised) = watched(py, callback.as_ref(), |watch| {
        let front = Front::new(watch, Vec::new());
        (gummel_cli::read(words, &front), front)
    })?;
    if let Some(raised) = raised {
        return Err(raised);
    }
    let (input, reading) = done.map_err(exception)?;
    let warned = std::mem::take(&mut front.heard().warned);
    Ok((Table::of_reading(reading, stay.then_some(input)), warned))
}

/// Puts the names of tables into words.
fn fill(words: Vec<String>, tables: usize) -> Vec<String> {
    let named: Vec<(String, String)> =
        (0..tables).map(|k| (format!("{{{k}}}"), memory(k).display().to_string())).collect();
    let name =
        |word: String| named.iter().find(|(mark, _)| *mark == word).map_or(word.clone(), |(_, n)| n.clone());
    words.into_iter().map(name).collect()
}

fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Done => 0,
        Outcome::SomeFilesFailed => 3,
        Outcome::CheckFailed => 4,
    }
}
