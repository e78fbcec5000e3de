"""What is raised and warned beside `GummelError`."""

from __future__ import annotations

from typing import Any


class GummelWarning(UserWarning):
    """Something a person should know; the text is that of the command line."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a fit: it stopped at its best state, and `run` is what it wrote."""

    def __init__(self, run: Any) -> None:
        super().__init__(f"stopped at the best state, which is in {run.folder}")
        self.run = run
