"""A regressor in the style of scikit-learn: currents over voltages, geometry and temperature.

It works without scikit-learn; with it, clones, pipelines, grid searches and cross-validation work as for any other.
"""

from __future__ import annotations

import inspect
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._gummel import GummelError
from .verbs import fit, read

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.exceptions import NotFittedError
except ImportError:
    NotFittedError = GummelError

    class RegressorMixin:
        """The coefficient of determination."""

        def score(self, X: ArrayLike, y: ArrayLike) -> float:
            y = np.asarray(y, dtype=np.float64)
            return float(1.0 - np.sum((y - self.predict(X)) ** 2) / np.sum((y - y.mean()) ** 2))

    class BaseEstimator:
        """Parameters by name, as scikit-learn has them."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            names = [n for n in inspect.signature(type(self).__init__).parameters if n != "self"]
            return {name: getattr(self, name) for name in names}

        def set_params(self, **params: Any) -> Any:
            unknown = [name for name in params if name not in self.get_params()]
            if unknown:
                raise ValueError(f"no parameter {unknown[0]!r}; expected {', '.join(self.get_params())}")
            for name, value in params.items():
                setattr(self, name, value)
            return self


# What the columns of X may be, and what they are where none is given.
KNOWN = {"vgs": None, "vds": None, "vbs": 0.0, "w": None, "l": None, "temperature": 27.0}


class SurrogateRegressor(RegressorMixin, BaseEstimator):
    """Fits drain currents `y` (A) over the columns of `X`: one multitask model of all geometries among its rows.

    Parameters
    ----------
    columns: meaning of the columns of X: vgs, vds, vbs (V), w, l (m), temperature (degrees Celsius). vbs and
        temperature may be missing (0 V, 27 degrees).
    config: recipe, as in `gummel.fit`.
    seed: seed of every random choice; None takes the recipe's.
    family, technology: names of the family.

    After `fit`: `run_` (with errors and model), `model_`, `devices_` (names by geometry).
    """

    def __init__(
        self,
        columns: Sequence[str] = ("vgs", "vds", "vbs", "w", "l", "temperature"),
        config: Any = "default",
        seed: int | None = None,
        family: str = "device",
        technology: str = "data",
    ) -> None:
        self.columns = columns
        self.config = config
        self.seed = seed
        self.family = family
        self.technology = technology

    def fit(self, X: ArrayLike, y: ArrayLike) -> SurrogateRegressor:
        parts = self.parts(X)
        y = np.asarray(y, dtype=np.float64).reshape(-1)
        if len(y) != len(parts["vgs"]):
            raise GummelError(f"found {len(y)} currents for {len(parts['vgs'])} rows, expected one for each")
        frame = {**parts, "id": y}
        frame["celsius"] = frame.pop("temperature")
        constants = {"technology": self.technology, "family": self.family}
        # A curve is a run of neighbouring rows: rows that belong together are brought together.
        order = np.lexsort([frame[n] for n in ("vgs", "vds", "vbs", "celsius", "l", "w")])
        table = read({name: values[order] for name, values in frame.items()}, mapping={"constants": constants})
        folder = Path(tempfile.mkdtemp(prefix="gummel-sklearn-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.run_ = fit(
            table, config=self.config, seed=self.seed, no_plots=True, progress=False, out=folder / "run"
        )
        self.model_ = self.run_.model
        places = {name: self.model_.place(name)[0] for name in self.model_.devices}
        self.devices_ = {(round9(w), round9(l)): name for name, (_, w, l, _) in places.items()}
        self.n_features_in_ = len(self.columns)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Currents (A); geometries that were not fitted are those of the population's mean device."""
        if not hasattr(self, "model_"):
            raise NotFittedError("this SurrogateRegressor is not fitted yet; call fit before predict")
        parts = self.parts(X)
        current = np.empty(len(parts["vgs"]))
        places = np.stack([parts["w"], parts["l"], parts["temperature"]], axis=1)
        kinds, which = np.unique(places, axis=0, return_inverse=True)
        for k, (w, l, celsius) in enumerate(kinds):
            rows = which.reshape(-1) == k
            device = self.devices_.get((round9(w), round9(l)))
            volts = {name: parts[full][rows] for name, full in (("vg", "vgs"), ("vd", "vds"), ("vb", "vbs"))}
            place = {} if device else {"w": float(w), "l": float(l)}
            current[rows] = self.model_.eval(device, **volts, temperature=float(celsius), **place).id
        return current

    def parts(self, X: ArrayLike) -> dict[str, np.ndarray]:
        """Columns of X by meaning."""
        X = np.asarray(X, dtype=np.float64)
        unknown = [name for name in self.columns if name not in KNOWN]
        if unknown or X.ndim != 2 or X.shape[1] != len(self.columns):
            raise GummelError(
                f"found X of shape {X.shape} for the columns {', '.join(self.columns)}; "
                f"expected a column for each, out of {', '.join(KNOWN)}"
            )
        if not np.isfinite(X).all():
            row, column = np.argwhere(~np.isfinite(X))[0]
            raise GummelError(
                f"X has NaN or infinity at row {row} of column {self.columns[column]}, expected finite numbers; "
                "leave such rows out"
            )
        parts = {name: X[:, k] for k, name in enumerate(self.columns)}
        for name, value in KNOWN.items():
            if name not in parts:
                if value is None:
                    raise GummelError(f"X has no column {name}; name the columns with columns=(...)")
                parts[name] = np.full(len(X), value)
        return parts


def round9(length: float) -> float:
    """Metres to nine digits, so that rounding does not make another geometry."""
    return float(f"{length:.8e}")
