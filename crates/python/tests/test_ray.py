"""Fits on a local Ray cluster: the same results as one process, also when workers are killed."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import gummel
import numpy as np
import pytest

from conftest import QUICK

ray = pytest.importorskip("ray")

WEIGHTS = "model/weights.safetensors"
DEVICES = ["W10u_L0.13u", "W10u_L1u", "W1u_L1u"]


@pytest.fixture(scope="module")
def cluster():
    # A cluster of this machine alone; without it Ray would write a token into the home folder.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    # Workers import the package as this process does.
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def job(seed: int, **more):
    return {"data": "demo130-noisy", "family": "nmos", "devices": DEVICES, "seed": seed, "config": QUICK, **more}


def alone(seed: int, out: Path) -> gummel.Run:
    """The same fit in a process by itself with one thread."""
    script = f"import gummel; job = {job(seed)!r}; gummel.fit(job.pop('data'), **job, no_plots=True, out={str(out)!r})"
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
    return gummel.Run(out)


def workers() -> list[int]:
    """Processes that run a job now."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                title = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::fit_job"):
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for workers in /proc")
def test_jobs_finish_though_a_worker_is_killed_and_results_are_those_of_one_process(cluster, tmp_path):
    import gummel.ray

    killed = []

    def kill_one():
        """As soon as a job has run for a moment, its worker goes."""
        until = time.monotonic() + 60
        while time.monotonic() < until and not killed:
            running = workers()
            if running:
                time.sleep(0.5)
                os.kill(running[0], signal.SIGKILL)
                killed.append(running[0])
            time.sleep(0.02)

    killer = threading.Thread(target=kill_one)
    killer.start()
    slow = {**QUICK["solver"], "max_steps": 40, "tolerance": 0.0}
    runs = gummel.ray.fit_all(
        {f"lot{k}": job(k, config={"solver": slow}) for k in range(2)} | {"lot2": job(2)}, tmp_path / "runs"
    )
    killer.join()
    assert killed, "no worker was found to kill"
    assert list(runs) == ["lot0", "lot1", "lot2"]
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["lot0", "lot1", "lot2"]
    again = gummel.ray.fit_all({f"lot{k}": job(k, config={"solver": slow}) for k in range(2)}, tmp_path / "again")
    for name in ("lot0", "lot1"):
        assert (runs[name].folder / WEIGHTS).read_bytes() == (again[name].folder / WEIGHTS).read_bytes()
    one = alone(2, tmp_path / "alone")
    assert (runs["lot2"].folder / WEIGHTS).read_bytes() == (one.folder / WEIGHTS).read_bytes()


def test_a_driver_goes_on_where_it_was(cluster, tmp_path):
    import gummel.ray

    first = gummel.ray.fit_all({"a": job(1)}, tmp_path)
    written = (first["a"].folder / "summary.json").stat().st_mtime_ns
    both = gummel.ray.fit_all({"a": job(1), "b": job(2)}, tmp_path)
    assert set(both) == {"a", "b"}
    assert (both["a"].folder / "summary.json").stat().st_mtime_ns == written


def test_an_error_of_one_job_leaves_the_others(cluster, tmp_path):
    import gummel.ray

    with pytest.raises(gummel.GummelError, match="1 of 2 jobs failed\n  bad: .*nowhere") as wrong:
        gummel.ray.fit_all({"good": job(1), "bad": {"data": "nowhere"}}, tmp_path)
    assert list(wrong.value.runs) == ["good"]


def test_a_folder_that_is_no_run_fails_its_job_alone(cluster, tmp_path):
    import gummel.ray

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("not a run")
    (tmp_path / "empty").mkdir()
    with pytest.raises(gummel.ray.JobsFailed, match="mine is there and is no run") as wrong:
        gummel.ray.fit_all({"mine": job(1), "empty": job(1)}, tmp_path)
    assert list(wrong.value.runs) == ["empty"] and list(wrong.value.errors) == ["mine"]
    assert (tmp_path / "mine" / "notes.txt").is_file()


def test_a_run_that_cannot_be_written_fails_its_job_alone(cluster, tmp_path, monkeypatch):
    import gummel.ray

    written = gummel.ray.publish

    def full(files, folder):
        if folder.name == "a":
            raise OSError(28, "No space left on device")
        return written(files, folder)

    monkeypatch.setattr(gummel.ray, "publish", full)
    with pytest.raises(gummel.ray.JobsFailed, match="a: it was fitted, but .* No space left") as wrong:
        gummel.ray.fit_all({"a": job(1), "b": job(1)}, tmp_path)
    assert list(wrong.value.runs) == ["b"]


def test_sweeps_and_ensembles_take_tables(cluster, table, tmp_path, monkeypatch):
    import gummel.ray

    sent = []
    reduce = gummel.Table.__reduce__
    monkeypatch.setattr(gummel.Table, "__reduce__", lambda self: sent.append(self) or reduce(self))
    common = {"family": "nmos", "devices": DEVICES, "config": QUICK}
    sweep = gummel.ray.sweep(table, {"hidden": [[6, 6], [10, 10]], "seed": [1]}, tmp_path / "sweep", **common)
    assert len(sent) == 1, "a table travels once"
    rows = sweep.table()
    assert "hidden-10x10_seed-1" in sweep._repr_html_()
    assert list(rows["run"]) == ["hidden-6x6_seed-1", "hidden-10x10_seed-1"]
    assert sweep.best().only.report["summaries"][-1]["rel_rms"]["median"] == min(rows["rel_rms"])
    members = gummel.ray.ensemble(table, 2, tmp_path / "ensemble", **common)
    assert list(members.table()["run"]) == ["seed-0", "seed-1"] and "<td" in members._repr_html_()
    mean, spread = members.eval(None, DEVICES[0], np.linspace(0.4, 1.2, 5), 1.2)
    assert mean.id.shape == (5,) and (spread.id > 0).all() and (spread.id < 0.1 * mean.id).all()


def test_tables_travel(table):
    again = pickle.loads(pickle.dumps(table))
    assert again.measured and len(again) == len(table)
    np.testing.assert_array_equal(again["id"], table["id"])
