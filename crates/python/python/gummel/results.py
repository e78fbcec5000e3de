"""What verbs give back, each with a page for notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ._gummel import GummelError
from .model import Model
from .page import cells, text
from .table import Table


class Fit:
    """A fitted family: its run folder, its errors, its model."""

    def __init__(self, folder: Path, summary: dict[str, Any]) -> None:
        #: Run folder: model/, plots/, summary.md and more.
        self.folder = folder
        #: `technology/family`.
        self.family: str = summary["family"]
        #: Errors, history, parameters and decisions, as in summary.json.
        self.report: dict[str, Any] = summary["report"]

    @cached_property
    def model(self) -> Model:
        return Model(self.folder)

    @property
    def seconds(self) -> float:
        return self.report["seconds"]

    @property
    def stopped(self) -> str:
        """`converged`, `steps`, `time`, `interrupted` or `stalled`."""
        return self.report["stopped"]

    @cached_property
    def errors(self) -> Table:
        """A row per device and part of the data; errors are fractions, NaN where there is nothing to compare."""
        rows = self.report["devices"]
        columns: dict[str, list[Any]] = {"device": [r["name"] for r in rows], "part": [r["part"] for r in rows]}
        for name in ("points", "rel_rms", "median_rel", "log10_rms", "nrmse"):
            columns[name] = [number(r["errors"][name]) for r in rows]
        for name in ("gm_rel_l2", "gds_rel_l2", "weight"):
            columns[name] = [number(r[name]) for r in rows]
        return Table.of(columns)

    @cached_property
    def history(self) -> Table:
        """Loss over steps."""
        rows = self.report["history"]
        return Table.of({name: [r[name] for r in rows] for name in ("stage", "step", "loss", "seconds")})

    def __repr__(self) -> str:
        trained = next(s for s in self.report["summaries"] if s["part"] == "train")
        median = 100.0 * number(trained["rel_rms"]["median"])
        return (
            f"<gummel fit of {self.family}: {trained['devices']} devices, median error {median:.3g} %, "
            f"{self.seconds:.1f} s, {self.stopped}, {self.folder}>"
        )

    def _repr_html_(self) -> str:
        page = self.folder / "summary.md"
        tables = page.read_text(encoding="utf-8").split("### Devices")[0] if page.is_file() else repr(self)
        lines = [line for line in tables.splitlines() if not line.startswith(("![", "# "))]
        return text("\n".join(lines).strip()) + drawn_model(self.model)


class Run(Mapping[str, Fit]):
    """What one `gummel.fit` wrote: its fits by family, `run["nmos"]` or `run["demo130/nmos"]`.

    A run of one family also answers for it: `run.model`, `run.errors`, `run.report`.
    """

    def __init__(self, folder: str | Path, text: str = "") -> None:
        #: Run folder.
        self.folder = Path(folder)
        path = self.folder / "summary.json"
        try:
            #: What the run was made of.
            self.summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as wrong:
            raise GummelError(f"cannot read {path}: {wrong}; expected a run folder, which gummel.fit writes") from None
        #: What the command line says of the fit.
        self.text = text
        families = self.summary["families"]
        self.fits = {f["family"]: Fit(self.folder / f["folder"], f) for f in families}

    def __getitem__(self, family: str) -> Fit:
        if family in self.fits:
            return self.fits[family]
        found = [f for f in self.fits if f.rsplit("/", 1)[-1] == family]
        if len(found) != 1:
            raise GummelError(f"the run has no family '{family}' (or several); expected one of {', '.join(self.fits)}")
        return self.fits[found[0]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fits)

    def __len__(self) -> int:
        return len(self.fits)

    @property
    def only(self) -> Fit:
        """The fit of a run of one family."""
        if len(self.fits) != 1:
            raise GummelError(f"{self.folder} holds several families; name one of them: {', '.join(self.fits)}")
        return next(iter(self.fits.values()))

    @property
    def model(self) -> Model:
        return self.only.model

    @property
    def errors(self) -> Table:
        return self.only.errors

    @property
    def report(self) -> dict[str, Any]:
        return self.only.report

    def __repr__(self) -> str:
        return "\n".join([f"<gummel run {self.folder}: {', '.join(self.fits)}>", *map(repr, self.fits.values())])

    def _repr_html_(self) -> str:
        return "".join(fit._repr_html_() for fit in self.fits.values())


class Inspection(dict[str, Any]):
    """Families, devices, sweeps, points and flags of measured files, as `gummel inspect --json` has them."""

    def __init__(self, result: dict[str, Any], text: str) -> None:
        super().__init__(result)
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return text(self.text)


class Check(dict[str, Any]):
    """Verdicts of `gummel check`, as with `--json`."""

    def __init__(self, result: dict[str, Any], text: str) -> None:
        super().__init__(result)
        self.text = text

    @property
    def verdicts(self) -> dict[str, str]:
        """`pass`, `fail` and the like, by the name of the check."""
        return {c["name"]: c["verdict"] for c in self["checks"]}

    @property
    def failed(self) -> list[str]:
        """Names of the checks that failed."""
        return [name for name, verdict in self.verdicts.items() if verdict == "fail"]

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return text(self.text)


@dataclass(frozen=True)
class Exported:
    """Files that `gummel export` wrote."""

    target: str
    files: list[Path]
    #: How a netlist uses them, for targets of circuit simulators.
    example: str | None
    text: str

    @property
    def file(self) -> Path:
        """The first file."""
        return self.files[0]

    def _repr_html_(self) -> str:
        sizes = [f.stat().st_size if f.is_file() else None for f in self.files]
        page = cells(["target", "file", "bytes"], [[self.target, f, size] for f, size in zip(self.files, sizes)])
        return page + (text(self.example) if self.example else "")


@dataclass(frozen=True)
class Drawing:
    """A figure as SVG text or PNG bytes; notebooks show it."""

    data: str | bytes

    def save(self, path: str | Path) -> None:
        data = self.data if isinstance(self.data, bytes) else self.data.encode()
        Path(path).write_bytes(data)

    def _repr_svg_(self) -> str | None:
        return self.data if isinstance(self.data, str) else None

    def _repr_png_(self) -> bytes | None:
        return self.data if isinstance(self.data, bytes) else None


def number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def summary_of(table: Table) -> str:
    """What is in a table, for a page."""
    from .verbs import inspect

    return inspect(table)._repr_html_()


def drawn(table: Table) -> str:
    """The transfer curves of the first device of a table, for a page."""
    from .curve import first_curves

    return first_curves(table)


def drawn_model(model: Model) -> str:
    """What a model is and the transfer curves of its first device, for a page."""
    from .curve import transfer

    return f"<p>{model.family}: {len(model.devices)} devices, {model.folder}</p>" + transfer(model)
