"""Progress bars: tqdm where it is installed and somebody watches, in a terminal or in a notebook."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

from ._gummel import GummelError

Callback = Callable[[str, int, int, str], None]


def watcher(progress: bool | Callback | None) -> Callback | None:
    """`True` for bars, `False` for none, `None` for bars where somebody watches, or a function of one's own."""
    if callable(progress):
        return progress
    if progress is False or (progress is None and not is_watched()):
        return None
    try:
        with warnings.catch_warnings():
            # Without widgets tqdm warns and draws text, which is what is wanted then.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
    except ImportError:
        if progress is None:
            return None
        raise GummelError("progress=True needs tqdm; pip install tqdm, or give a function of (title, done, total, message)")
    return Bars(tqdm)


def is_watched() -> bool:
    """In a notebook or at a terminal."""
    return "ipykernel" in sys.modules or sys.stderr.isatty()


class Bars:
    """A bar for each piece of work."""

    def __init__(self, tqdm: Any) -> None:
        self.tqdm = tqdm
        self.bars: dict[str, Any] = {}

    def __call__(self, title: str, done: int, total: int, message: str) -> None:
        if total <= 0:
            return
        bar = self.bars.get(title)
        if bar is None:
            bar = self.bars[title] = self.tqdm(total=total, desc=title, leave=False)
        bar.total = total
        bar.n = done
        if message:
            bar.set_postfix_str(message, refresh=False)
        bar.refresh()
        if done >= total:
            bar.close()
            del self.bars[title]
