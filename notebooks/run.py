"""Runs the notebooks and, with --book, renders them into the book.

usage: python notebooks/run.py [--book] [NAME ...]      (default: all of them)

Each runs in a folder of its own that is removed afterwards; the files in git keep their outputs empty. `--book` writes
docs/src/notebooks/NAME.md with the figures beside it.

needs: gummel with its extra `notebook` (pip install '.[notebook]'), and ngspice for the last one (GUMMEL_NGSPICE)
"""

import base64
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
BOOK = HERE.parent / "docs" / "src" / "notebooks"
# Longest time for one notebook, seconds; they are to run in a minute on a laptop, and CI may be slower.
LIMIT = 600


def names() -> list[str]:
    """Every notebook, in order."""
    return sorted(path.stem for path in HERE.glob("*.ipynb"))


def load(name: str) -> nbformat.NotebookNode:
    return nbformat.read(HERE / f"{name}.ipynb", as_version=4)


def execute(name: str) -> nbformat.NotebookNode:
    """The notebook with its outputs."""
    notebook = load(name)
    with tempfile.TemporaryDirectory(prefix="gummel-notebook-") as folder:
        NotebookClient(notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    return notebook


def code(name: str) -> list[str]:
    """The code cells of a notebook."""
    return [cell.source for cell in load(name).cells if cell.cell_type == "code"]


def render(name: str, notebook: nbformat.NotebookNode) -> None:
    """Writes the page and its figures."""
    BOOK.mkdir(parents=True, exist_ok=True)
    for old in BOOK.glob(f"{name}*.png"):
        old.unlink()
    parts, figures = [], 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(re.sub(r"\]\((\d\d-[\w-]+)\.ipynb\)", r"](\1.md)", cell.source))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                figures += 1
                path = BOOK / f"{name}-{figures}.png"
                path.write_bytes(base64.b64decode(data["image/png"]))
                parts.append(f"![figure {figures}]({path.name})")
            elif output.output_type == "stream" and output.name == "stdout":
                parts.append(f"```text\n{tidy(output.text)}\n```")
            elif "text/plain" in data:
                parts.append(f"```text\n{tidy(data['text/plain'])}\n```")
    parts.append(f"*Rendered from `notebooks/{name}.ipynb` by `notebooks/run.py --book`.*")
    (BOOK / f"{name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def tidy(text: str) -> str:
    """Text without blanks at the ends of lines and without folders of this machine."""
    text = re.sub(r"/[\w/.-]*gummel-notebook-\w+/", "", text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def main() -> None:
    words = sys.argv[1:]
    book = "--book" in words
    # Wide tables; no bars in what is rendered.
    os.environ.setdefault("TQDM_DISABLE", "1")
    for name in [w for w in words if w != "--book"] or names():
        begun = time.perf_counter()
        notebook = execute(name)
        if book:
            render(name, notebook)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
