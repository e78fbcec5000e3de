//! Damaged files: one clear error each, the others still load, and nothing panics.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::files::{Transistor, read_files, sound};
use crate::plt;
use gummel_data::{DataError, ReadOptions, read};

const CSV: &[u8] = b"vg,vd,id\n0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n";
const EASYEXPERT: &[u8] =
    b"SetupTitle, x\nDimension1, 3\nDataName, Vg, Vd, Id\nDataValue, 0, 1, 1e-9\nDataValue, 1, 1, 1e-6\nDataValue, 2, 1, 1e-3\n";
const RAW: &[u8] =
    b"Title: x\nPlotname: dc\nFlags: real\nNo. Variables: 2\nNo. Points: 2\nVariables:\n\t0\tv(g)\tvoltage\n\
                     \t1\ti(vd)\tcurrent\nValues:\n0\t0\n\t1e-9\n1\t1\n\t1e-3\n";

fn good() -> String {
    sound(Transistor::new(1e-6, 1e-6))
}

/// The error of one file among good ones, which must load.
fn failure(name: &str, content: &[u8]) -> (String, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let good = good();
    let files = [("a.mdm", good.as_bytes()), (name, content), ("z.csv", CSV)];
    let reading = read_files(folder.path(), &files, &ReadOptions::default());
    assert_eq!(reading.failures.len(), 1, "{name}");
    assert!(reading.table.len() >= 103, "the other files load");
    let strict = ReadOptions { strict: true, ..ReadOptions::default() };
    assert!(read(&[folder.path().to_path_buf()], &strict, &|_| ()).is_err(), "strict stops");
    (reading.failures[0].error.to_string(), reading.failures[0].rows)
}

#[test]
fn each_kind_of_damage_is_named_with_file_and_line() {
    let whole = good();
    let cut = &whole[..whole.len() * 2 / 3];
    let damaged = whole.replacen("0.60 ", "0.6o ", 1);
    for (name, content, expected) in [
        ("empty.mdm", b" \n".to_vec(), "empty.mdm: the file is empty"),
        ("binary.csv", vec![0x7f, 0, 1, 2, 3, 200, 255, 0, 9], "binary.csv: found binary data"),
        ("book.csv", b"PK\x03\x04\x00\x01".to_vec(), "book.csv: found a zip archive or spreadsheet"),
        ("cut.mdm", cut.as_bytes().to_vec(), "found the end of the file, expected END_DB"),
        ("damaged.mdm", damaged.into_bytes(), "expected 5 numbers"),
        (
            "headless.mdm",
            b"BEGIN_HEADER\n ICCAP_INPUTS\n".to_vec(),
            "headless.mdm:2: found the end of the file",
        ),
        ("word.csv", b"vg,vd,id\n0,1,1e-9\n1,1,oops\n".to_vec(), "word.csv:3: found 'oops'"),
        ("unit.csv", b"vg,vd,id [V]\n0,1,1e-9\n".to_vec(), "unit.csv:1: found heading 'id [V]'"),
        (
            "density.csv",
            b"vg,vd,id (uA/um)\n0,1,1e-3\n1,1,20\n".to_vec(),
            "density.csv: w is '', expected the width of the device, because 'id' is given per width",
        ),
        ("short.csv", b"vg,vd,id\n0,1,1e-9\n1,1\n2,1,3\n".to_vec(), "short.csv:3: found 2 columns"),
        ("mark.csv", b"\xEF\xBB\xBF\n".to_vec(), "mark.csv: the file is empty"),
        (
            "headings.csv",
            b"vg,vd,id\n".to_vec(),
            "headings.csv:1: found no row of numbers, expected rows below the headings; no row could be kept",
        ),
        (
            "bell.mdm",
            b"BEGIN_HEADER\n\x1b[2J\x07 oops\n".to_vec(),
            "bell.mdm:2: found ' [2J  oops', expected ICCAP_INPUTS",
        ),
    ] {
        let (error, _) = failure(name, &content);
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn rows_of_a_cut_file_are_kept_and_flagged() {
    let whole = good();
    let cut = &whole[..whole.len() * 2 / 3];
    let (_, rows) = failure("cut.mdm", cut.as_bytes());
    assert!(rows > 20 && rows < 100, "{rows}");
    for (last, found) in [("0.2,1,3e", "'3e' in the last line"), ("0.2,1", "2 of 3 columns in the last line")]
    {
        let (error, rows) = failure("cut.csv", format!("vg,vd,id\n0,1,1e-9\n0.1,1,2e-9\n{last}").as_bytes());
        assert_eq!(rows, 2, "{last}");
        let expected =
            format!("cut.csv:4: found {found}, expected a complete line with a line end; 2 rows were kept");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn what_is_not_there_is_an_error_at_once() {
    let missing = read(&["/nowhere/at/all/*.mdm".into()], &ReadOptions::default(), &|_| ());
    assert!(matches!(missing, Err(DataError::NoFiles { .. })));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("big.csv");
    std::fs::write(&file, CSV).expect("written");
    let options = ReadOptions { max_file_bytes: 10, ..ReadOptions::default() };
    let reading = read(&[file], &options, &|_| ()).expect("listed as a failure");
    assert!(matches!(reading.failures[0].error, DataError::TooLarge { limit: 10, .. }));
}

/// A device without end, of which the system says that it is empty.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_does_not_know_its_size_is_read_up_to_the_limit() {
    let options = ReadOptions { max_file_bytes: 1 << 20, ..ReadOptions::default() };
    let reading = read(&["/dev/zero".into()], &options, &|_| ()).expect("listed as a failure");
    assert!(matches!(reading.failures[0].error, DataError::TooLarge { .. }), "{:?}", reading.failures);
}

#[test]
fn a_table_of_metadata_names_the_files_it_speaks_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, about) = (folder.path().join("a.csv"), folder.path().join("about.csv"));
    std::fs::write(&data, CSV).expect("written");
    std::fs::write(&about, "# by hand\nname,w,l\na.csv,1u,0.13u\n").expect("written");
    let options = ReadOptions { metadata: Some(about), ..ReadOptions::default() };
    let error = read(&[data], &options, &|_| ()).expect_err("no column of files").to_string();
    assert!(
        error.contains("about.csv:2: found 'name,w,l', expected headings, one of them 'file'"),
        "{error}"
    );
}

/// A pipe is a file without end: reading it ends only because it looks at the flag inside the file.
#[cfg(unix)]
#[test]
fn reading_ends_inside_a_file_without_end() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("endless.csv");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no mkfifo here");
        return;
    }
    let options = ReadOptions::default();
    let stop = options.stop.clone();
    let target = path.clone();
    let writer = std::thread::spawn(move || {
        let mut file = std::fs::File::create(target).expect("the reader opens it");
        let rows: String = (0..200_000).map(|k| format!("{k}e-5,1.2,{k}e-9\n")).collect();
        file.write_all(format!("vg,vd,id\n{rows}").as_bytes()).expect("the reader wants it");
        stop.store(true, Ordering::Relaxed);
        // Writing ends when the reader is gone.
        while file.write_all(rows.as_bytes()).is_ok() {}
    });
    let stopped = read(&[path], &options, &|_| ());
    assert!(matches!(stopped, Err(DataError::Stopped)), "{stopped:?}");
    writer.join().expect("the writer saw the end");
}

#[test]
fn reading_ends_once_it_is_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    for k in 0..200 {
        std::fs::write(folder.path().join(format!("{k}.csv")), CSV).expect("written");
    }
    let (options, seen) = (ReadOptions::default(), AtomicUsize::new(0));
    let stopped = read(&[folder.path().to_owned()], &options, &|p| {
        seen.store(p.done, Ordering::Relaxed);
        options.stop.store(true, Ordering::Relaxed);
    });
    assert!(matches!(stopped, Err(DataError::Stopped)), "{stopped:?}");
    assert!(seen.into_inner() < 100);
}

/// Thousands of files, each with a few bytes changed, cut or repeated, in every text format and in every
/// format that they are mistaken for: reading ends with rows or with an error.
#[test]
fn no_damage_panics() {
    use gummel_data::Format;
    let good = good();
    let originals = [good.as_bytes(), CSV, EASYEXPERT, RAW, plt::FILE.as_bytes()];
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    // SplitMix-like steps: a generator of its own keeps the damage the same in every version.
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut files = Vec::new();
    for round in 0..400 {
        let original = originals[round % originals.len()];
        let mut bytes = original.to_vec();
        for _ in 0..=draw(4) {
            let at = draw(bytes.len());
            match draw(4) {
                0 => bytes[at] = draw(256) as u8,
                1 => bytes.truncate(at + 1),
                2 => bytes.insert(at, b"\n,;\t=0-e.#\"[({\xff\x00"[draw(16)]),
                _ => {
                    let part = bytes[at..(at + draw(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        let path = folder.path().join(format!("{round}.dat"));
        std::fs::write(&path, &bytes).expect("written");
        files.push(path);
    }
    for format in std::iter::once(None).chain(Format::ALL.map(Some)) {
        let options = ReadOptions { format, ..ReadOptions::default() };
        let paths = files.clone();
        let reading = read(&paths, &options, &|_| ()).expect("the files are there");
        assert_eq!(reading.failures.iter().filter(|f| f.rows == 0).count() + reading.files.len(), 400);
    }
}
