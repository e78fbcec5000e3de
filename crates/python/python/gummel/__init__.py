"""Compact models of transistor families from measured I-V files: the verbs of the `gummel` command on Python objects.

>>> import gummel
>>> run = gummel.fit()                                    # the bundled data; a run folder as on the command line
>>> run["nmos"].model.eval("W10u_L0.13u", vg=1.2, vd=1.2).id  # amperes

Every option of a verb's flags (`gummel fit --help`) is a keyword here, `-` written as `_`. Numbers are SI: volts,
amperes, metres; only `temperature` is in degrees Celsius, as on the command line.
"""

from ._gummel import GummelError, __version__
from .errors import GummelWarning, Interrupted
from .model import Model, Point
from .results import Check, Drawing, Exported, Fit, Inspection, Run
from .table import Table
from .verbs import adapt, call, check, export, fit, inspect, load, plan, plot, predict, read

__all__ = [
    "Check",
    "Drawing",
    "Exported",
    "Fit",
    "GummelError",
    "GummelWarning",
    "Inspection",
    "Interrupted",
    "Model",
    "Point",
    "Run",
    "Table",
    "__version__",
    "adapt",
    "call",
    "check",
    "export",
    "fit",
    "inspect",
    "load",
    "plan",
    "plot",
    "predict",
    "read",
]
