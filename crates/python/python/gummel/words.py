"""From Python arguments to the words of the command line: keywords become flags, tables become numbered marks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._gummel import GummelError
from .table import Table

# Flags that name a file in TOML, for which a dictionary may stand.
TOML_FLAGS = ("config", "mapping", "patterns", "limits")


class Line:
    """A command line under construction, with the tables that it mentions and a folder for files it needs."""

    def __init__(self, verb: str, scratch: Path) -> None:
        self.verb = verb.split()
        self.flags: list[str] = []
        self.inputs: list[str] = []
        self.tables: list[Table] = []
        self.scratch = scratch
        # True when the line names a file that vanishes with `scratch`.
        self.passing = False

    @property
    def words(self) -> list[str]:
        return [*self.verb, *self.flags, *(["--", *self.inputs] if self.inputs else [])]

    def add_inputs(self, inputs: Iterable[Any]) -> Line:
        self.inputs += [self.word(i) for i in flat(inputs)]
        return self

    def add_options(self, options: Mapping[str, Any]) -> Line:
        for name, value in options.items():
            self.add_option(name, value)
        return self

    def add_option(self, name: str, value: Any) -> None:
        # `with_` is how Python says `with`.
        flag = f"--{name.rstrip('_').replace('_', '-')}"
        if name in TOML_FLAGS and isinstance(value, Mapping):
            value = self.toml(name, value)
        if name == "grid" and isinstance(value, Mapping):
            value = grid(value)
        if value is None or value is False:
            return
        if value is True:
            self.flags.append(flag)
            return
        # One word, so that a negative number is no flag.
        self.flags += [f"{flag}={self.word(v)}" for v in flat([value])]

    def add_tables(self, name: str, values: Any) -> None:
        """An option that takes data: files or tables."""
        if values is not None:
            for value in flat([values]):
                # Its own word: a mark stands alone.
                self.flags += [f"--{name.replace('_', '-')}", self.word(value)]

    def word(self, value: Any) -> str:
        if isinstance(value, Table) or hasattr(value, "__arrow_c_stream__"):
            self.tables.append(Table.of(value))
            return f"{{{len(self.tables) - 1}}}"
        if isinstance(value, (str, os.PathLike)):
            return os.fspath(value)
        folder = getattr(value, "folder", None)
        if folder is not None:
            return os.fspath(folder)
        if isinstance(value, (bool, np.bool_)):
            return str(value).lower()
        if isinstance(value, (int, np.integer)):
            return str(int(value))
        if isinstance(value, (float, np.floating)):
            return repr(float(value))
        raise GummelError(f"found {type(value).__name__} {value!r}, expected a text, a number, a path or a table")

    def toml(self, name: str, value: Mapping[str, Any]) -> Path:
        if name == "mapping":
            # Constants are texts, as in a file name.
            constants = {k: v if isinstance(v, str) else self.word(v) for k, v in value.get("constants", {}).items()}
            value = {**value, "constants": constants}
        path = self.scratch / f"{name}.toml"
        path.write_text(toml(value), encoding="utf-8")
        self.passing = True
        return path


def flat(values: Iterable[Any]) -> list[Any]:
    """Values with lists, tuples and arrays among them spread out."""
    spread: list[Any] = []
    for value in values:
        if isinstance(value, (list, tuple, np.ndarray)):
            spread += flat(value)
        else:
            spread.append(value)
    return spread


def grid(axes: Mapping[str, Any]) -> str:
    """`{"vgs": [0, 0.6], "vds": 1.2}` as `vgs=0.0/0.6,vds=1.2`."""
    axis = lambda values: "/".join(repr(float(v)) for v in np.atleast_1d(values))  # noqa: E731
    return ",".join(f"{name}={axis(values)}" for name, values in axes.items())


def toml(table: Mapping[str, Any], before: str = "") -> str:
    """A dictionary of tables, lists, texts and numbers in TOML."""
    simple = {k: v for k, v in table.items() if not isinstance(v, Mapping)}
    lines = [f"{json.dumps(str(k))} = {value(v)}" for k, v in simple.items() if v is not None]
    for key, inner in table.items():
        if isinstance(inner, Mapping):
            name = f"{before}{json.dumps(str(key))}"
            lines += [f"\n[{name}]", toml(inner, f"{name}.")]
    return "\n".join(lines) + "\n"


def value(v: Any) -> str:
    if isinstance(v, (list, tuple, np.ndarray)):
        return f"[{', '.join(value(x) for x in v)}]"
    if isinstance(v, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(k))} = {value(x)}" for k, x in v.items()) + "}"
    if isinstance(v, (bool, np.bool_)):
        return str(bool(v)).lower()
    if isinstance(v, (int, np.integer)):
        return str(int(v))
    if isinstance(v, (float, np.floating)):
        return repr(float(v))
    if isinstance(v, (str, os.PathLike)):
        return json.dumps(os.fspath(v))
    raise GummelError(f"found {type(v).__name__} {v!r} in a recipe, expected a text, a number, a list or a dictionary")
