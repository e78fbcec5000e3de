"""Many fits as Ray tasks: technologies, dies, lots, sweeps and ensembles, on one machine or a cluster.

Every job is one `gummel.fit` with one seed and a fixed number of threads, so that results do not depend on where a job runs, on
its neighbours, or on how often it was started: they are those of one process with `RAYON_NUM_THREADS` set to `threads`.
A job whose worker or machine dies is started again. Runs travel back as files; no shared disk is needed for them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._gummel import GummelError
from .model import Point
from .results import Run, number
from .table import Table
from .verbs import fit

try:
    import ray
except ImportError as missing:
    raise ImportError("gummel.ray needs Ray; pip install 'gummel[ray]'") from missing


class JobsFailed(GummelError):
    """Some jobs failed; `runs` are those that did not, `errors` has the reason of each that did."""

    def __init__(self, runs: dict[str, Run], errors: dict[str, str]) -> None:
        reasons = "\n".join(f"  {name}: {reason}" for name, reason in errors.items())
        super().__init__(f"{len(errors)} of {len(runs) + len(errors)} jobs failed\n{reasons}")
        self.runs = runs
        self.errors = errors


def fit_all(
    jobs: Mapping[str, Mapping[str, Any]],
    out: str | Path = "runs",
    *,
    threads: int = 1,
    retries: int = 3,
    no_plots: bool = True,
) -> dict[str, Run]:
    """Fits every job and gives its run by name; runs are written to `out/NAME` as they finish.

    A job is a dictionary of keywords of `gummel.fit`, with `data` for what is fitted: paths that workers see, or tables,
    which travel, each once however many jobs have it. A job whose run folder is there already is not fitted again, so that a
    driver that was killed goes on.

    Raises `JobsFailed` at the end when some could not be fitted or written; the others are done.
    """
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)
    out = Path(out)
    task = ray.remote(
        # A worker that dies is no error of the job; an error of the job would be the same next time.
        max_retries=retries,
        num_cpus=threads,
        runtime_env={"env_vars": {"RAYON_NUM_THREADS": str(threads)}},
    )(fit_job)
    done = {name: Run(out / name) for name in jobs if (out / name / "summary.json").is_file()}
    taken = {name for name in jobs if name not in done and is_taken(out / name)}
    errors = {name: f"{out / name} is there and is no run; move it away or name another folder" for name in taken}
    waiting = {}
    travelling: dict[int, ray.ObjectRef] = {}
    for name, job in jobs.items():
        if name not in done and name not in taken:
            sent = {"no_plots": no_plots, **job, "data": [stored(d, travelling) for d in items(job.get("data", ()))]}
            waiting[task.remote(sent)] = name
    while waiting:
        (finished,), _ = ray.wait(list(waiting), num_returns=1)
        name = waiting.pop(finished)
        try:
            done[name] = publish(ray.get(finished), out / name)
        except ray.exceptions.RayTaskError as wrong:
            errors[name] = str(wrong.cause).strip()
        except ray.exceptions.RayError as wrong:
            errors[name] = f"the worker died {retries + 1} times: {wrong}"
        except OSError as wrong:
            errors[name] = f"it was fitted, but its run cannot be written: {wrong}"
    runs = {name: done[name] for name in jobs if name in done}
    if errors:
        raise JobsFailed(runs, errors)
    return runs


def items(data: Any) -> Sequence[Any]:
    return data if isinstance(data, (list, tuple)) else (data,)


def is_taken(folder: Path) -> bool:
    """Whether a run cannot take this name: a rename replaces an empty folder and nothing else."""
    return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))


def stored(item: Any, travelling: dict[int, ray.ObjectRef]) -> Any:
    """A path as it is, a table as its place in Ray's store, to which each goes once."""
    if isinstance(item, (str, os.PathLike)):
        return item
    if id(item) not in travelling:
        travelling[id(item)] = ray.put(item)
    return travelling[id(item)]


def fit_job(job: dict[str, Any]) -> dict[str, bytes]:
    """One fit, as the files of its run folder."""
    job = dict(job)
    data = [ray.get(d) if isinstance(d, ray.ObjectRef) else d for d in job.pop("data")]
    with tempfile.TemporaryDirectory(prefix="gummel-job-") as scratch:
        run = fit(*data, **{**job, "out": Path(scratch) / "run", "progress": False})
        files = (p for p in run.folder.rglob("*") if p.is_file())
        return {str(p.relative_to(run.folder)): p.read_bytes() for p in files}


def publish(files: Mapping[str, bytes], folder: Path) -> Run:
    """Writes a run folder that appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".gummel-run-", dir=folder.parent))
    try:
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        fresh.chmod(0o755)
        os.replace(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return Run(folder)


def sweep(data: Any, axes: Mapping[str, Sequence[Any]], out: str | Path = "runs/sweep", **options: Any) -> Sweep:
    """Fits every combination of the values of `axes`, keywords of `gummel.fit` each: `{"seed": range(3), "hidden": [[8, 8],
    [16, 16]]}`. Other keywords are those of `fit_all` (threads, retries) and of `gummel.fit`."""
    ours = {k: options.pop(k) for k in ("threads", "retries", "no_plots") if k in options}
    points = [dict(zip(axes, values)) for values in itertools.product(*axes.values())]
    jobs = {name_of(point): {"data": data, **options, **point} for point in points}
    if len(jobs) < len(points):
        raise GummelError("two points of the sweep have the same name; values must differ as texts")
    return Sweep(dict(zip(jobs, points)), fit_all(jobs, out, **ours))


@dataclass(frozen=True)
class Sweep:
    """Runs of a sweep with the values they stand for."""

    points: dict[str, dict[str, Any]]
    runs: dict[str, Run]

    def table(self) -> Table:
        """A row per family of each run: the values, and the median errors of held-out points (of fitted ones without)."""
        plain = lambda v: v if isinstance(v, (int, float)) else str(v)  # noqa: E731
        values = {name: {k: plain(v) for k, v in self.points[name].items()} for name in self.runs}
        return errors_of(self.runs, values)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def best(self, error: str = "rel_rms") -> Run:
        """The run with the smallest median of `error`, over its worst family."""
        worst = lambda run: max(f.report["summaries"][-1][error]["median"] for f in run.values())  # noqa: E731
        return min(self.runs.values(), key=worst)


def ensemble(data: Any, members: int = 5, out: str | Path = "runs/ensemble", **options: Any) -> Ensemble:
    """Fits the same data with the seeds 0 ... members - 1."""
    return Ensemble(list(sweep(data, {"seed": range(members)}, out, **options).runs.values()))


@dataclass(frozen=True)
class Ensemble:
    """Fits that differ in their seed: what they agree on was in the data."""

    runs: list[Run]

    def table(self) -> Table:
        """A row per member and family: the median errors of held-out points (of fitted ones without)."""
        runs = {run.folder.name: run for run in self.runs}
        return errors_of(runs, {name: {} for name in runs})

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def eval(self, family: str | None, device: str, *volts: ArrayLike, **place: Any) -> tuple[Point, Point]:
        """Mean and standard deviation over the members; arguments as of `Model.eval`."""
        fits = [run.only if family is None else run[family] for run in self.runs]
        points = [f.model.eval(device, *volts, **place) for f in fits]
        stacked = [np.stack([np.asarray(p[q]) for p in points]) for q in range(4)]
        return Point(*(s.mean(axis=0) for s in stacked)), Point(*(s.std(axis=0) for s in stacked))


def errors_of(runs: Mapping[str, Run], values: Mapping[str, Mapping[str, Any]]) -> Table:
    """A row per family of each run: its values, and the median errors of the last part that was judged."""
    rows = []
    for name, run in runs.items():
        for fitted in run.values():
            judged = fitted.report["summaries"][-1]
            errors = {n: number(judged[n]["median"]) for n in ("rel_rms", "nrmse", "gm_rel_l2", "gds_rel_l2")}
            rows.append({"run": name, "family": fitted.family, **values[name], "part": judged["part"], **errors})
    return Table.of({key: [r[key] for r in rows] for key in (rows[0] if rows else ())})


def name_of(point: Mapping[str, Any]) -> str:
    """A folder's name for a point of a sweep."""
    words = [f"{key}-{'x'.join(map(str, flat(value)))}" for key, value in point.items()]
    return "".join(c if c.isalnum() or c in "-_.+" else "_" for c in "_".join(words))


def flat(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [f"{k}-{'x'.join(map(str, flat(v)))}" for k, v in value.items()]
    return value if isinstance(value, (list, tuple)) else [value]
