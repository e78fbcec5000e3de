"""The Python code of the book runs: every block of a page, one after the other, on bundled data."""

import re
from pathlib import Path

import gummel
import numpy as np
import pytest

from conftest import QUICK

PAGES = Path(__file__).resolve().parents[3] / "docs" / "src"


def blocks(page: str) -> list[str]:
    """The blocks of Python code of a page."""
    return re.findall(r"^```python\n(.*?)^```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def laboratory(table, tmp_path, monkeypatch):
    """A folder with what the pages name: measurements of a few transistors, a new one, lots."""
    polars = pytest.importorskip("polars")
    monkeypatch.chdir(tmp_path)
    frame = table.to_polars().filter((polars.col("temperature") - 300.15).abs() < 30.0)
    known = ["W10u_L0.13u", "W10u_L1u", "W1u_L1u"]
    few = frame.filter(polars.col("device").is_in(known))
    for folder in ("measurements", "lots/7", "lots/8", "lots/9"):
        Path(folder).mkdir(parents=True)
        gummel.Table.of(few).write_parquet(f"{folder}/all.parquet")
    new = frame.filter((polars.col("device") == "W10u_L0.3u") & (polars.col("family") == "nmos"))
    new = new.with_columns(celsius=polars.col("temperature") - 273.15)
    new.select("technology", "family", "device", "w", "l", "celsius", "vd", "vg", "vb", "id").write_csv("new-device.csv")
    # Fits of the pages, made short.
    short = gummel.fit
    monkeypatch.setattr(gummel, "fit", lambda *data, **o: short(*data, **{"config": QUICK, "no_plots": True, **o}))
    return frame


def execute(page: str, names: dict) -> int:
    code = blocks(page)
    for block in code:
        exec(compile(block, page, "exec"), names)
    return len(code)


def test_the_page_about_python_runs(laboratory):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pandas")
    nmos = laboratory.filter((polars.col("family") == "nmos") & polars.col("device").is_in(["W10u_L1u", "W1u_L1u"]))
    own = polars.DataFrame({"Vgs": np.linspace(0, 1.2, 13), "Vds": np.full(13, 1.2), "Id": np.linspace(0, 1e-4, 13)})
    chosen = nmos.filter(polars.col("vb") == 0.0)
    names = {"frame": own, "X": chosen.select("vg", "vd", "w", "l").to_numpy(), "y": chosen["id"].to_numpy()}
    assert execute("python.md", names) >= 6
    assert names["run"].only.family == "demo130/nmos"


def test_the_formulas_by_hand_give_the_kernels_number(run):
    names = {"run": run}
    (code,) = blocks("physics.md")
    exec(compile(code, "physics.md", "exec"), names)
    assert names["by_hand"] > 0.0


def test_the_page_about_many_fits_runs(laboratory, monkeypatch):
    ray = pytest.importorskip("ray")
    import gummel.ray

    given = gummel.ray.fit_all
    short = lambda jobs, *a, **o: given({name: {"config": QUICK, **job} for name, job in jobs.items()}, *a, **o)  # noqa: E731
    monkeypatch.setattr(gummel.ray, "fit_all", short)
    names: dict = {}
    try:
        assert execute("scale-out.md", names) == 2
    finally:
        ray.shutdown()
    assert list(names["runs"]) == ["lot7", "lot8", "lot9"]


def test_code_of_other_pages_and_the_readme_is_python():
    pages = [*PAGES.glob("*.md"), PAGES.parents[1] / "README.md"]
    found = 0
    for page in pages:
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            compile(block, str(page), "exec")
            for name in re.findall(r"\bgummel\.(\w+)\(", block):
                assert hasattr(gummel, name), f"{page}: gummel has no {name}"
            found += 1
    assert found >= 10
