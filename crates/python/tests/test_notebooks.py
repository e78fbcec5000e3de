"""Every notebook runs from front to back, is kept without outputs, and is in the book as it is now."""

import importlib.util
import json
import time
from pathlib import Path

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
pytest.importorskip("polars")

FOLDER = Path(__file__).resolve().parents[3] / "notebooks"
# Seconds; most take ten, on a machine with nothing else to do.
LONGEST = 60.0


def runner():
    spec = importlib.util.spec_from_file_location("run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUN = runner()
NAMES = RUN.names()


def test_there_are_seven():
    assert [name[:2] for name in NAMES] == [f"{k:02}" for k in range(1, 8)]


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_stripped_and_the_book_has_the_same_code(name):
    raw = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in raw["cells"]:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None
    page = (RUN.BOOK / f"{name}.md").read_text(encoding="utf-8")
    for code in RUN.code(name):
        assert f"```python\n{code}\n```" in page, f"python notebooks/run.py --book {name}"


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    processor = time.perf_counter()
    notebook = RUN.execute(name)
    seconds = time.perf_counter() - processor
    errors = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    figures = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs if "image/png" in o.get("data", {})]
    warned = [o.text for c in notebook.cells if c.cell_type == "code" for o in c.outputs if o.get("name") == "stderr"]
    assert not errors and not warned
    skipped = any("skipped: no ngspice" in o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    assert figures or skipped
    assert seconds < LONGEST, f"{seconds:.0f} s"
    if skipped:
        pytest.skip("no ngspice here: the simulations of the notebook did not run; set GUMMEL_NGSPICE")
