"""Tables that share their memory with polars, pandas and pyarrow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _gummel
from ._gummel import GummelError
from .page import cells, lines

# Rows that a table shows.
SHOWN = 6


class Table(_gummel.Table):
    """Rows of measured or computed points, SI units; see the chapter on data for the columns of an I-V table.

    Any object with `__arrow_c_stream__` (polars, pandas 2.2 and newer, pyarrow, DuckDB ...) becomes a table with
    `Table.of(frame)`, and every such library takes a table: numbers are not copied either way.
    """

    @staticmethod
    def of(data: Any) -> Table:
        """The table itself, or one of a frame of another library or of a dictionary of columns."""
        if isinstance(data, Table):
            return data
        if isinstance(data, Mapping):
            columns = [(str(name), column(values)) for name, values in data.items()]
            return adopt(_gummel.Table.from_columns(columns))
        if not hasattr(data, "__arrow_c_stream__"):
            raise GummelError(
                f"found {type(data).__name__}, expected a table: an object with __arrow_c_stream__ "
                "(polars, pandas, pyarrow) or a dictionary of columns"
            )
        return adopt(_gummel.Table.from_arrow(data))

    def to_polars(self) -> Any:
        """A `polars.DataFrame` on the same memory."""
        import polars

        return polars.DataFrame(self)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` on the same memory."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`, by way of pyarrow; pandas copies what it must."""
        return self.to_arrow().to_pandas()

    def __getitem__(self, name: str) -> np.ndarray:
        """A column as an array of its own: doubles (NaN where there is none), or texts."""
        numbers = self.numbers(name)
        if numbers is not None:
            return np.frombuffer(numbers, dtype=np.float64)
        return np.array(self.texts(name), dtype=object)

    def __iter__(self) -> Any:
        return iter(self.column_names)

    def __reduce__(self) -> Any:
        # As a Parquet file; a table that was read then no longer knows its files.
        with tempfile.TemporaryDirectory(prefix="gummel-") as folder:
            path = Path(folder) / "table.parquet"
            self.write_parquet(path)
            return unpacked, (path.read_bytes(),)

    def __repr__(self) -> str:
        if self.measured:
            return f"<gummel I-V table: {len(self)} rows, columns {' '.join(self.column_names)}>"
        return lines(self.column_names, self.shown()) + f"\n{len(self)} rows"

    def _repr_html_(self) -> str:
        from .results import drawn, summary_of

        if self.measured:
            return summary_of(self) + drawn(self)
        return cells(self.column_names, self.shown()) + f"<p>{len(self)} rows</p>"

    def shown(self) -> list[list[Any]]:
        """The first and the last rows."""
        n = len(self)
        rows = list(range(n)) if n <= 2 * SHOWN else [*range(SHOWN), *range(n - SHOWN, n)]
        columns = [self[name].tolist() for name in self.column_names]
        body = [[c[k] for c in columns] for k in rows]
        if n > len(rows):
            body.insert(SHOWN, ["⋮"] * len(columns))
        return body


def unpacked(parquet: bytes) -> Table:
    """A table from the bytes of a Parquet file."""
    with tempfile.TemporaryDirectory(prefix="gummel-") as folder:
        path = Path(folder) / "table.parquet"
        path.write_bytes(parquet)
        return adopt(_gummel.Table.from_parquet(path))


def adopt(table: _gummel.Table) -> Table:
    """Gives a table from the module its Python side."""
    return Table(table)


def column(values: Any) -> list[Any]:
    values = np.atleast_1d(np.asarray(values))
    if values.dtype.kind in "fiub":
        return values.astype(np.float64).tolist()
    return [str(v) for v in values]
