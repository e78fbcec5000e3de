"""What a notebook shows, and progress."""

from xml.dom import minidom

import gummel
import pytest


def curves(page: str) -> int:
    """Lines drawn in the SVG of a page, which must be well formed."""
    begin, end = page.index("<svg"), page.index("</svg>") + len("</svg>")
    return len(minidom.parseString(page[begin:end]).getElementsByTagName("polyline"))


def test_results_have_pages_with_tables_and_curves(table, run, tmp_path):
    page = table._repr_html_()
    assert "demo130/nmos" in page and curves(page) == 6
    page = run.model._repr_html_()
    assert "demo130/nmos" in page and curves(page) == 3
    page = run._repr_html_()
    assert "relative rms" in page and curves(page) == 3
    assert "<td" in run.errors._repr_html_() and "W10u_L0.13u" in run.errors._repr_html_()
    page = run.model.eval("W10u_L0.13u", vg=[[0.6], [1.2]], vd=[0.6, 1.2])._repr_html_()
    assert ">gmb<" in page and "4 rows" in page
    page = gummel.export(run, "osdi", out=tmp_path / "nmos.osdi")._repr_html_()
    assert "nmos.osdi" in page and ".model" in page
    assert "&lt;b&gt;" in gummel.Table.of({"<b>": ["<i>"]})._repr_html_()


def test_results_read_as_text(table, run):
    assert "demo130/pmos" in repr(gummel.inspect(table))
    assert "8 devices" in repr(run.only) and str(run.folder) in repr(run)
    assert "gummel-symmetry" in repr(gummel.check(run, no_data=True))
    assert "10 rows" in gummel.Table.of({"x": range(10)})._repr_html_()
    with pytest.raises(gummel.GummelError, match="nmos"):
        run["pmos"]


def test_figures_are_drawn(run, tmp_path):
    figure = gummel.plot(run, "transfer", device="W10u_L0.13u")
    assert figure._repr_svg_().startswith("<svg") and figure._repr_png_() is None
    assert gummel.plot(run, "gallery", out=tmp_path / "g.png")._repr_png_().startswith(b"\x89PNG")


def test_progress_is_told_and_its_errors_stop_the_work(recipe, tmp_path):
    told = []
    gummel.fit(
        family="nmos", devices="W10u*", config=recipe, no_plots=True, out=tmp_path / "a", progress=lambda *step: told.append(step)
    )
    title, done, total, _ = told[-1]
    assert title == "demo130/nmos" and done == total > 0
    assert any(t == "reading" for t, *_ in told)

    def broken(*_):
        raise RuntimeError("broken bar")

    with pytest.raises(RuntimeError, match="broken bar"):
        gummel.fit(family="nmos", config=recipe, no_plots=True, out=tmp_path / "b", progress=broken)


def test_bars_are_those_of_tqdm(recipe, tmp_path, capsys):
    pytest.importorskip("tqdm")
    gummel.fit(family="nmos", devices="W10u*", config=recipe, no_plots=True, out=tmp_path / "a", progress=True)
    assert "demo130/nmos" in capsys.readouterr().err
