//! Tables and datasets: selection, names, splits, Parquet, streaming.

use crate::files::{Transistor, numbers, read_files, sound};
use expect_test::expect;
use gummel_data::{
    Dataset, IvTable, Parts, ReadOptions, Reading, Selection, Split, convert, inspect, sample_parquet,
};

/// Four geometries, one of them at two sites, and a p-channel device.
fn reading(folder: &std::path::Path) -> Reading {
    let mut files = Vec::new();
    for (w, l, site) in [(1, 1, 1), (2, 1, 2), (2, 1, 3), (4, 2, 4), (8, 2, 5)] {
        let device = Transistor {
            noise: 1e-12 + 1e-14 * f64::from(site),
            ..Transistor::new(f64::from(w) * 1e-6, f64::from(l) * 1e-6)
        };
        files.push((format!("SG13_nmos~W{w}u0_L{l}u0_S{site}_1~dc_idvg~300K.mdm"), sound(device)));
    }
    let p = Transistor { sign: -1.0, ..Transistor::new(1e-6, 1e-6) };
    files.push(("SG13_pmos~W1u0_L1u0_S9_1~dc_idvg~300K.mdm".to_owned(), sound(p)));
    let list: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    read_files(folder, &list, &ReadOptions::default())
}

fn names(data: &Dataset) -> Vec<&str> {
    data.devices.iter().map(|d| d.id.name.as_str()).collect()
}

#[test]
fn names_are_unique_and_as_short_as_they_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let reading = reading(folder.path());
    let data = Dataset::assemble(&reading.table, &reading.files, &Selection::of("*/lv_nmos", 27.0))
        .expect("devices");
    assert_eq!(names(&data), ["W1u_L1u", "W2u_L1u@S2_1", "W2u_L1u@S3_1", "W4u_L2u", "W8u_L2u"]);
    assert!(data.devices.iter().all(|d| d.len() == 100 && d.floor > 0.0));
    let one = Selection { devices: vec!["W2u_L1u@*".to_owned()], ..Selection::default() };
    assert_eq!(Dataset::assemble(&reading.table, &reading.files, &one).expect("devices").devices.len(), 2);
    let error = Dataset::assemble(&reading.table, &reading.files, &Selection::of("*/lv_nmos", 85.0));
    let error = error.expect_err("nothing was measured at 85 C").to_string();
    assert!(error.contains("ihp-sg13g2/lv_nmos: 5 devices without a point at the temperatures"), "{error}");
}

#[test]
fn a_selection_that_leaves_nothing_says_what_went_and_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let bare = b"vg,vd,id\n0,0.1,1e-9\n0.6,0.1,2e-6\n1.2,0.1,9e-6\n";
    let no_drain = b"# w=1u l=1u\nvg,id\n0,1e-9\n0.6,2e-6\n1.2,9e-6\n";
    let files = [("bare.csv", &bare[..]), ("other.csv", &bare[..]), ("no_drain.csv", &no_drain[..])];
    let reading = read_files(folder.path(), &files, &ReadOptions::default());
    let error = Dataset::assemble(&reading.table, &reading.files, &Selection::default());
    expect![[r#"
        no device left:
          unknown/unknown: 1 device without a drain voltage; name the columns in a mapping, or hold a voltage with a line such as 'vd = 0.1 V' in the file or under [constants] of the mapping
          unknown/unknown: 2 devices flagged 'no_geometry', which excludes devices; say width and length in a remark 'w=10u l=0.13u' of the file, under [constants] of a mapping or in a metadata table"#]].assert_eq(&error.expect_err("nothing is complete").to_string());
    let folder = tempfile::tempdir().expect("a folder");
    let empty = read_files(folder.path(), &[("empty.csv", b"\n")], &ReadOptions::default());
    let error = Dataset::assemble(&empty.table, &empty.files, &Selection::default());
    assert!(error.expect_err("nothing there").to_string().contains("no row of measurements"));
}

#[test]
fn splits_share_no_point_and_lose_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let reading = reading(folder.path());
    let data = Dataset::assemble(&reading.table, &reading.files, &Selection::of("*/lv_nmos", 27.0))
        .expect("devices");
    let points = |d: &Dataset| d.devices.iter().map(|d| d.len()).sum::<usize>();
    for split in [
        Split::None,
        Split::Points { fraction: 0.2, seed: 1 },
        Split::Curves { fraction: 0.25, seed: 1 },
        Split::Devices { fraction: 0.4, seed: 1 },
        Split::Geometries { fraction: 0.25, seed: 1 },
        Split::Named { devices: vec!["W8u*".to_owned()] },
        Split::Temperatures { celsius: vec![27.0] },
    ] {
        let (train, held) = data.split(&split);
        assert_eq!(points(&train) + points(&held), points(&data), "{split:?}");
        let (again, _) = data.split(&split);
        assert_eq!(names(&train), names(&again));
        let text = toml::to_string(&split).expect("a split is a configuration");
        assert_eq!(toml::from_str::<Split>(&text).expect("read back"), split);
    }
    let (train, held) = data.split(&Split::Geometries { fraction: 0.25, seed: 1 });
    assert!(held.devices.iter().all(|h| train.devices.iter().all(|t| t.id.geometry != h.id.geometry)));
    let (train, held) = data.split(&Split::Points { fraction: 0.2, seed: 1 });
    assert_eq!((train.devices[0].len(), held.devices[0].len()), (80, 20));
}

#[test]
fn streaming_writes_what_reading_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let reading = reading(&data);
    let target = folder.path().join("all.parquet");
    let done = convert(&[data], &target, 2, &ReadOptions::default(), &|_| ()).expect("converted");
    assert_eq!((done.rows, done.files.len()), (reading.table.len(), reading.files.len()));
    let back = IvTable::from_parquet(&target).expect("read back");
    assert!(back.frame().equals_missing(
        &reading.table.frame().select(back.frame().get_column_names_owned()).expect("columns")
    ));
    let sample = sample_parquet(&target, 37, 5).expect("sampled");
    assert_eq!(sample.len(), 37);
    let same = reading.table.sample(37, 5).expect("sampled");
    assert_eq!(numbers(&sample, "id"), numbers(&same, "id"));
    assert!(
        folder.path().read_dir().expect("listed").all(|f| !f
            .expect("a file")
            .path()
            .to_string_lossy()
            .ends_with(".part"))
    );
}

#[test]
fn a_conversion_without_rows_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, target) = (folder.path().join("empty.csv"), folder.path().join("all.parquet"));
    std::fs::write(&data, "").expect("written");
    let done = convert(&[data], &target, 2, &ReadOptions::default(), &|_| ()).expect("listed as a failure");
    assert_eq!((done.rows, done.failures.len()), (0, 1));
    assert_eq!(folder.path().read_dir().expect("listed").count(), 1, "nothing beside the data");
}

#[test]
fn parts_of_a_table_hold_every_row_once_and_every_device_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let reading = reading(&folder.path().join("data"));
    let target = folder.path().join("all.parquet");
    reading.table.to_parquet(&target).expect("written");
    let parts = Parts::open(&target, reading.table.len() / 2 + 1, 1).expect("opened");
    assert_eq!((parts.rows(), parts.count()), (reading.table.len(), 2));
    let read: Vec<IvTable> = (0..parts.count()).map(|k| parts.read(k).expect("read")).collect();
    let mut all: Vec<u64> = read.iter().flat_map(|t| numbers(t, "id")).map(f64::to_bits).collect();
    let mut whole: Vec<u64> = numbers(&reading.table, "id").into_iter().map(f64::to_bits).collect();
    all.sort_unstable();
    whole.sort_unstable();
    assert_eq!(all, whole);
    let points = |t: &IvTable| -> Vec<(String, usize)> {
        let data = Dataset::assemble(t, &[], &Selection::default()).expect("devices");
        data.devices.iter().map(|d| (d.id.name.clone(), d.len())).collect()
    };
    let names = |p: &[(String, usize)]| p.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
    let expected = points(&reading.table);
    for part in &read {
        let found = points(part);
        assert_eq!(names(&found), names(&expected));
        for ((_, n), (name, of)) in found.iter().zip(&expected) {
            assert!(n.abs_diff(of / 2) <= 16, "{name}: {n} of {of}");
        }
    }
    let again = Parts::open(&target, reading.table.len() / 2 + 1, 1).expect("opened").read(1).expect("read");
    assert_eq!(numbers(&again, "id"), numbers(&read[1], "id"), "same seed, same part");
    assert_eq!(parts.source().expect("hashed").rows, reading.table.len());
}

#[test]
fn parquet_keeps_flags_and_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let reading = reading(&folder.path().join("data"));
    let target = folder.path().join("t.parquet");
    reading.table.to_parquet(&target).expect("written");
    let back = IvTable::from_parquet(&target).expect("read back");
    assert!(back.frame().equals_missing(reading.table.frame()));
    let twice = back.concat(&reading.table).expect("same columns");
    assert_eq!(twice.len(), 2 * back.len());
}

#[test]
fn inspection_counts_and_reads_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let inspection = inspect(&reading(folder.path())).expect("a table");
    assert_eq!((inspection.points, inspection.files, inspection.families.len()), (600, 6, 2));
    let text = inspection.to_text(100);
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
    for part in ["ihp-sg13g2/lv_nmos", "1u..8u", "idvg 500", "6 files"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}
