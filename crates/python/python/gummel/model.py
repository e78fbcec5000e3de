"""A frozen model: evaluation on NumPy arrays."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _gummel
from .table import Table


class Point(NamedTuple):
    """Drain current (A, into the drain) and its derivatives over vgs, vds and vbs (S)."""

    id: np.ndarray
    gm: np.ndarray
    gds: np.ndarray
    gmb: np.ndarray

    def _repr_html_(self) -> str:
        return Table.of({name: np.ravel(values) for name, values in zip(self._fields, self)})._repr_html_()


class Model(_gummel.Model):
    """One family of devices, as `gummel fit` froze it: `Model(folder)` opens a run or model folder."""

    #: What `gummel.adapt` took in, a row per device; None for other models.
    adapted: Table | None = None

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the model is, from which data, how good (`manifest.toml`)."""
        return json.loads(self.manifest_json())

    def eval(
        self,
        device: str | None,
        vg: ArrayLike,
        vd: ArrayLike,
        vb: ArrayLike = 0.0,
        vs: ArrayLike = 0.0,
        temperature: float | None = None,
        *,
        w: float | None = None,
        l: float | None = None,  # noqa: E741
        corner: str | None = None,
    ) -> Point:
        """Current and exact derivatives at voltages (V) of any shapes that NumPy can broadcast.

        `temperature` is in degrees Celsius, `w` and `l` are in metres; what is left out is as the device was fitted.
        `device=None` with `w` and `l` is the device that the population expects there. Other Python threads run
        meanwhile.
        """
        volts = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (vd, vg, vs, vb)))
        shape = volts[0].shape
        raw = [np.ascontiguousarray(v).tobytes() for v in volts]
        values = self.eval_bytes(device, *raw, temperature, w, l, corner)
        arrays = [np.frombuffer(v, dtype=np.float64).reshape(shape) for v in values]
        return Point(*(a if shape else a[()] for a in arrays))

    def to_torch(self, device: str | None, **place: Any) -> Any:
        """The device as a `torch.nn.Module` of double precision; see `gummel.torch`. `place` as in `eval`."""
        from .torch import module

        return module(self, device, **place)

    def __repr__(self) -> str:
        return f"<gummel model {self.family}: {len(self.devices)} devices, {self.folder}>"

    def __reduce__(self) -> Any:
        # The files travel with the model: another machine does not see this one's folders.
        return unpacked, ({p.name: p.read_bytes() for p in self.folder.iterdir() if p.is_file()},)

    def _repr_html_(self) -> str:
        from .results import drawn_model

        return drawn_model(self)


def unpacked(files: dict[str, bytes]) -> Model:
    """A model from the files of its folder, in a folder that goes when the process ends."""
    folder = tempfile.mkdtemp(prefix="gummel-model-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, content in files.items():
        (Path(folder) / name).write_bytes(content)
    return Model(folder)
