"""The verbs: each runs the command line's own function in this process and gives its result as objects."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _gummel
from ._gummel import GummelError
from .errors import GummelWarning, Interrupted
from .model import Model
from .progress import Callback, watcher
from .results import Check, Drawing, Exported, Inspection, Run
from .table import Table, adopt
from .words import Line


def execute(line: Line, progress: bool | Callback | None) -> dict[str, Any]:
    """Runs a line; warnings become Python's, `result` becomes objects."""
    answer = _gummel.call(line.words, line.tables, watcher(progress))
    warn(answer["warned"])
    answer["result"] = json.loads(answer["result"])
    raised = answer["raised"]
    # A fit that was asked to stop has something to hand on.
    if raised is not None and line.verb != ["fit"]:
        raise raised
    return answer


def warn(texts: list[str]) -> None:
    for text in texts:
        warnings.warn(text, GummelWarning, stacklevel=5)


def read(*data: Any, progress: bool | Callback | None = None, **options: Any) -> Table:
    """Reads files, folders and globs, or takes a frame of another library; the bundled data without any.

    A frame with the columns of an I-V table is taken as it is, without a copy. Any other one is read like a file of
    these columns: headings are understood as in the chapter on data, and `mapping={"columns": {...}, "constants":
    {...}}` names what they do not say. Options: those of `gummel inspect` about reading (`format`, `patterns`,
    `mapping`, `metadata`, `strict`); a dictionary may stand for a TOML file.
    """
    if len(data) == 1 and not options and not isinstance(data[0], (str, Path, list, tuple)):
        table = Table.of(data[0])
        if table.measured:
            return table
    with tempfile.TemporaryDirectory(prefix="gummel-") as scratch:
        line = Line("", Path(scratch))
        for k, item in enumerate(data):
            if hasattr(item, "__arrow_c_stream__") or isinstance(item, Mapping):
                path = Path(scratch) / f"table-{k}.parquet"
                Table.of(item).write_parquet(path)
                line.passing = True
                item = path
            line.add_inputs([item])
        line.add_options(options)
        table, warned = _gummel.read(line.words, watcher(progress), not line.passing)
    warn(warned)
    return adopt(table)


def inspect(*data: Any, progress: bool | Callback | None = None, **options: Any) -> Inspection:
    """What is in measured files or tables, and what is doubtful about it (`gummel inspect`)."""
    answer = simple("inspect", data, options, progress)
    return Inspection(answer["result"], answer["said"])


def fit(*data: Any, progress: bool | Callback | None = None, **options: Any) -> Run:
    """Fits one model per family and writes a run folder (`gummel fit`): files, folders, globs or tables.

    Frequent options: `family`, `temperature` (degrees Celsius), `config` (a recipe: name, TOML file or dictionary),
    `seed`, `hidden`, `out`, `no_plots`. Ctrl-C stops at the best state, writes it and raises `Interrupted`, a
    KeyboardInterrupt whose `run` is the result.
    """
    answer = simple("fit", data, options, progress)
    run = Run(answer["result"]["run"], answer["said"])
    raised = answer["raised"]
    if isinstance(raised, KeyboardInterrupt):
        raise Interrupted(run)
    if raised is not None:
        raise raised
    return run


def adapt(model: Any, *data: Any, progress: bool | Callback | None = None, **options: Any) -> Model:
    """Takes new devices into a model from few points (`gummel adapt`); `points=N` uses N of each device.

    The grown model is written to `out` (by default the model's folder with `-adapted`); what was taken is its
    `adapted`.
    """
    answer = simple("adapt", (model, *data), options, progress)
    grown = Model(answer["result"]["out"])
    rows = answer["result"]["devices"]
    errors = {f"{name}": [r["errors"][name] for r in rows] for name in ("rel_rms", "median_rel", "log10_rms", "nrmse")}
    columns = {name: [r[name] for r in rows] for name in ("device", "points", "used", "replaced", "noise")}
    grown.adapted = Table.of({**columns, **{k: [nan(v) for v in vs] for k, vs in errors.items()}})
    return grown


def plan(
    model: Any, k: int = 10, *, given: Any = None, progress: bool | Callback | None = None, **options: Any
) -> Table:
    """The next `k` bias points that tell most about a device (`gummel plan`): vd vg vs vb in volts, and how sure.

    The device is `device` of the model, one never measured (`w`, `l`), or the one whose readings are `given`.
    """
    answer = simple("plan", (model,), {"k": k, **options}, progress, {"given": given})
    points = answer["result"]["points"]
    names = ("vd", "vg", "vs", "vb", "expected", "before", "after")
    return Table.of({name: [p[name] for p in points] for name in names})


def predict(
    model: Any,
    grid: str | Mapping[str, Any] | None = None,
    *,
    table: Any = None,
    progress: bool | Callback | None = None,
    **options: Any,
) -> Table | Path:
    """Quantities of a model over biases (`gummel predict`), a row per device and bias; all devices by default.

    Biases: `grid="vgs=0:1.2:0.05,vds=1.2"`, `grid={"vgs": array, "vds": 1.2}`, or `table`, a CSV file or columns
    vgs,vds[,vbs] or vd,vg,vs,vb. With `out` the file is written and its path given.
    """
    if not options.get("device"):
        options.setdefault("all", True)
    with tempfile.TemporaryDirectory(prefix="gummel-") as scratch:
        line = Line("predict", Path(scratch)).add_inputs([model])
        line.add_option("grid", grid)
        if table is not None and not isinstance(table, (str, Path)):
            table = csv(table, Path(scratch) / "biases.csv")
        line.add_option("table", table)
        line.add_options(options)
        answer = execute(line, progress)
    out = answer["result"]["out"]
    return Path(out) if out else adopt(answer["table"])


def check(
    model: Any, *, data: Any = None, progress: bool | Callback | None = None, **options: Any
) -> Check:
    """Judges a model: physics, smoothness, accuracy (`gummel check`)."""
    answer = simple("check", (model,), options, progress, {"data": data})
    return Check(answer["result"], answer["said"])


def export(model: Any, to: str, *, progress: bool | Callback | None = None, **options: Any) -> Exported:
    """Writes a model (or several) for simulators and other programs (`gummel export`); `out` names the file."""
    answer = simple("export", (model,), {"to": to, **options}, progress)
    result = answer["result"]
    return Exported(result["target"], [Path(f) for f in result["files"]], result["example"], answer["said"])


def plot(
    model: Any, kind: str = "gallery", *, data: Any = None, progress: bool | Callback | None = None, **options: Any
) -> Drawing:
    """A figure (`gummel plot`); with `out` it is also written there. Notebooks show what is returned."""
    with tempfile.TemporaryDirectory(prefix="gummel-") as scratch:
        options.setdefault("out", Path(scratch) / "figure.svg")
        answer = simple("plot", (model,), {"kind": kind, **options}, progress, {"data": data})
        out = Path(answer["result"]["out"])
        return Drawing(out.read_text(encoding="utf-8") if out.suffix.lower() == ".svg" else out.read_bytes())


def load(folder: str | Path) -> Run | Model:
    """Opens what is on disk: a run folder as `Run`, a model folder as `Model`."""
    folder = Path(folder)
    return Run(folder) if (folder / "summary.json").is_file() else Model(folder)


def call(verb: str, *inputs: Any, progress: bool | Callback | None = None, **options: Any) -> Any:
    """Any verb of the command line by name, e.g. `call("certify", run, beyond=0)`; gives what `--json` prints."""
    return simple(verb, inputs, options, progress)["result"]


def simple(
    verb: str,
    inputs: tuple[Any, ...],
    options: Mapping[str, Any],
    progress: bool | Callback | None,
    tables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="gummel-") as scratch:
        line = Line(verb, Path(scratch)).add_inputs(inputs)
        for name, values in (tables or {}).items():
            line.add_tables(name, values)
        line.add_options(options)
        return execute(line, progress)


def csv(table: Any, path: Path) -> Path:
    """Columns as a CSV file with numbers that read back the same."""
    table = Table.of(table)
    names = [n for n in table.column_names if n in ("vgs", "vds", "vbs", "vd", "vg", "vs", "vb")]
    if not names:
        raise GummelError(f"found the columns {', '.join(table)}, expected vgs,vds[,vbs] or vd,vg,vs,vb")
    rows = zip(*(table[name].tolist() for name in names))
    lines = [",".join(names), *(",".join(repr(float(v)) for v in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def nan(value: float | None) -> float:
    return float("nan") if value is None else value
