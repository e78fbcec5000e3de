"""The package gives what the command line gives: the same weights, numbers, verdicts, files and texts."""

import csv
import io
import json

import gummel
import numpy as np
import pytest
from gummel.words import Line


def test_a_fit_writes_the_same_weights(run, recipe, command, tmp_path):
    command(
        "fit", "demo130-noisy", "--family", "nmos", "--config", recipe, "--seed", 5, "--no-plots", "--out", tmp_path / "nmos"
    )
    for file in ("model/weights.safetensors", "model/population.safetensors", "config.toml"):
        assert (tmp_path / "nmos" / file).read_bytes() == (run.folder / file).read_bytes(), file


def test_a_fit_of_a_table_is_a_fit_of_its_files(run, recipe, table, tmp_path):
    again = gummel.fit(table, family="nmos", config=recipe, seed=5, no_plots=True, out=tmp_path / "nmos")
    weights = "model/weights.safetensors"
    assert (again.folder / weights).read_bytes() == (run.folder / weights).read_bytes()
    # The run knows where the data are, as if the files had been named.
    assert again.summary["input"] == run.summary["input"]


def test_a_fit_of_a_frame_keeps_its_data(recipe, table, tmp_path):
    polars = pytest.importorskip("polars")
    frame = table.to_polars().filter(polars.col("temperature") > 300.0)
    one = gummel.fit(frame, family="nmos", temperature=27, config=recipe, no_plots=True, out=tmp_path / "one")
    assert (one.folder / "data.parquet").is_file()
    judged = gummel.check(one, only=["accuracy"])
    assert judged.verdicts["accuracy"] in ("pass", "fail"), "the data of the run were not found again"
    assert gummel.read(one.folder / "data.parquet").to_polars().height == frame.height


def test_predictions_are_those_of_the_command_line(run, command):
    grid = "vgs=0:1.2:0.1,vds=0.05/1.2,vbs=0/-0.6"
    said = command("predict", run.folder, "--all", "--grid", grid, "--quantities", "id,gm,gds,gmb").stdout
    rows = list(csv.DictReader(io.StringIO(said)))
    ours = gummel.predict(run, grid, quantities=["id", "gm", "gds", "gmb"])
    assert list(ours["device"]) == [r["device"] for r in rows]
    for name in ("temperature", "vgs", "vds", "vbs", "id", "gm", "gds", "gmb"):
        assert ours[name].tolist() == [float(r[name]) for r in rows], name


def test_arrays_are_evaluated_as_the_command_line_does(run, command):
    model, device = run.model, "W10u_L0.13u"
    said = command("predict", run.folder, "--device", device, "--grid", "vgs=0:1.2:0.2,vds=0.6", "--temperature", -40).stdout
    rows = list(csv.DictReader(io.StringIO(said)))
    point = model.eval(device, vg=[float(r["vgs"]) for r in rows], vd=0.6, temperature=-40)
    assert point.id.tolist() == [float(r["id"]) for r in rows]
    assert point.gm.tolist() == [float(r["gm"]) for r in rows]


def test_verdicts_are_the_same(run, command):
    said = json.loads(command("check", run.folder, "--json").stdout)
    ours = gummel.check(run)
    assert ours["checks"] == said["checks"]
    assert set(ours.failed) == {c["name"] for c in said["checks"] if c["verdict"] == "fail"}


def test_exports_are_the_same(run, command, tmp_path):
    for target in ("verilog-a", "c", "onnx"):
        command("export", run.folder, "--to", target, "--out", tmp_path / f"cli.{target}")
        ours = gummel.export(run, target, out=tmp_path / f"python.{target}")
        assert ours.file.read_bytes() == (tmp_path / f"cli.{target}").read_bytes()


def test_new_devices_and_plans_are_the_same(run, command, tmp_path):
    words = ("--device", "W1u_L1u", "--points", 12, "--seed", 2)
    command("adapt", run.folder, "demo130-noisy", *words, "--out", tmp_path / "cli")
    ours = gummel.adapt(run, "demo130-noisy", device="W1u_L1u", points=12, seed=2, out=tmp_path / "python")
    weights = "weights.safetensors"
    assert (tmp_path / "python" / weights).read_bytes() == (tmp_path / "cli" / weights).read_bytes()
    assert ours.adapted["used"].tolist() == [12.0]
    said = json.loads(command("plan", run.folder, "-k", 4, "--w", "5u", "--l", "0.18u", "--json").stdout)
    planned = gummel.plan(run, 4, w="5u", l="0.18u")
    assert planned["vg"].tolist() == [p["vg"] for p in said["points"]]


def test_errors_have_the_text_of_the_command_line(run, command, tmp_path):
    said = command("fit", tmp_path / "nowhere", code=1).stderr.strip().removeprefix("error: ")
    with pytest.raises(gummel.GummelError) as wrong:
        gummel.fit(tmp_path / "nowhere")
    assert str(wrong.value) == said
    said = command("predict", run.folder, "--device", "W9u", "--grid", "vgs=0,vds=1", code=1).stderr.strip()
    with pytest.raises(ValueError) as wrong:
        gummel.predict(run, "vgs=0,vds=1", device="W9u")
    assert f"error: {wrong.value}" == said
    with pytest.raises(gummel.GummelError, match="unexpected argument '--colour'"):
        gummel.fit(colour="red")


def test_what_is_inspected_is_the_same(table, command):
    said = json.loads(command("inspect", "--json").stdout)
    ours = gummel.inspect(table)
    assert ours["families"] == said["families"]
    assert np.isclose(ours["points"], len(table))


def test_a_word_of_python_takes_an_underscore(tmp_path):
    line = Line("check", tmp_path)
    line.add_options({"with_": "runs/pmos", "exports": True, "no_data": False})
    assert line.words == ["check", "--with=runs/pmos", "--exports"]
