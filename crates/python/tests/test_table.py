"""Tables share their memory with polars, pandas and pyarrow, and refuse what they cannot be."""

import gummel
import numpy as np
import pytest


def address(column) -> int:
    """Where the values of a pyarrow column lie."""
    assert column.num_chunks == 1
    chunk = column.chunk(0)
    return chunk.buffers()[1].address + 8 * chunk.offset


def start(series) -> int:
    """Where the values of a polars series lie."""
    return series.to_numpy(allow_copy=False).__array_interface__["data"][0]


def test_numbers_leave_without_a_copy(table):
    pyarrow = pytest.importorskip("pyarrow")
    once, twice = pyarrow.table(table), pyarrow.table(table)
    for name in ("vg", "id", "temperature"):
        assert address(once[name]) == address(twice[name])
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(table)
    assert start(frame["vg"]) == address(once["vg"])
    assert frame.equals(table.to_polars())


def test_numbers_come_in_without_a_copy(table):
    pyarrow = pytest.importorskip("pyarrow")
    arrow = pyarrow.table(table)
    back = pyarrow.table(gummel.Table.of(arrow))
    assert address(back["id"]) == address(arrow["id"])
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(table).with_columns(polars.col("vg") * 1.0)
    back = gummel.Table.of(frame).to_polars()
    assert start(back["vg"]) == start(frame["vg"])


def test_pandas_frames_go_both_ways(table):
    pandas = pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(table)
    back = gummel.Table.of(frame)
    assert back.measured
    np.testing.assert_array_equal(back["id"], table["id"])
    assert list(back["device"]) == list(table["device"])
    categories = frame.astype({"device": "category", "family": "category"})
    assert list(gummel.Table.of(categories)["device"]) == list(table["device"])


def test_a_table_outlives_the_frame_it_came_from():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"x": np.arange(1000.0), "name": ["a long enough text to lie outside"] * 1000})
    ours = gummel.Table.of(frame)
    del frame
    assert ours["x"].sum() == 499500.0 and ours["name"][999].startswith("a long")


def test_a_frame_with_its_own_headings_is_read_as_a_file(tmp_path):
    polars = pytest.importorskip("polars")
    vgs = np.linspace(0.0, 1.2, 13)
    frame = polars.DataFrame({"Vgs": vgs, "Vds": np.full(13, 1.2), "Id": 1e-5 * vgs**2})
    constants = {"technology": "mine", "family": "nmos", "device": "M1", "w": "10u", "l": "0.13u", "celsius": 27}
    ours = gummel.read(frame, mapping={"constants": constants})
    assert ours.measured and ours["id"].tolist() == frame["Id"].to_list()
    assert ours["w"][0] == pytest.approx(1e-5) and ours["temperature"][0] == pytest.approx(300.15)
    assert gummel.inspect(ours)["families"][0]["family"] == "mine/nmos"


def test_columns_of_any_kind_make_a_table(tmp_path):
    ours = gummel.Table.of({"name": ["a", "b"], "x": [1, float("nan")], "flag": [True, False]})
    assert not ours.measured and ours.column_names == ["name", "x", "flag"]
    assert ours["x"][0] == 1.0 and np.isnan(ours["x"][1]) and ours["flag"].tolist() == [1.0, 0.0]
    ours.write_parquet(tmp_path / "t.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_what_is_no_table_is_refused_in_words():
    with pytest.raises(gummel.GummelError, match="found list, expected a table"):
        gummel.Table.of([1, 2, 3])
    with pytest.raises(gummel.GummelError, match="column 'technology'"):
        gummel.fit(gummel.Table.of({"vgs": [0.0, 1.0]}))
    with pytest.raises(gummel.GummelError, match="no_such"):
        gummel.Table.of({"x": [1.0]})["no_such"]
    with pytest.raises(gummel.GummelError):
        gummel.Table.of({"x": [1.0], "y": [1.0, 2.0]})
    polars = pytest.importorskip("polars")
    with pytest.raises(gummel.GummelError, match="column 'x'.*expected numbers or text"):
        gummel.Table.of(polars.DataFrame({"x": [[1.0]]}))


def test_files_that_fail_are_warned_of_and_listed(tmp_path):
    (tmp_path / "good.csv").write_text(
        "technology,family,device,w,l,celsius,vgs,vds,id\n" + "".join(f"a,nmos,M1,1u,1u,27,{v},1,1e-6\n" for v in range(5))
    )
    (tmp_path / "bad.csv").write_bytes(b"PK\x03\x04 no table")
    with pytest.warns(gummel.GummelWarning, match="bad.csv"):
        ours = gummel.read(tmp_path)
    assert len(ours) == 5 and ours.failures[0][0] == "bad.csv"
    with pytest.raises(gummel.GummelError, match="bad.csv"):
        gummel.read(tmp_path, strict=True)
