"""What a notebook shows, progress, and Ctrl-C."""

import signal
import subprocess
import sys
import textwrap
import threading
from xml.dom import minidom

import gummel
import pytest


def curves(page: str) -> int:
    """Lines drawn in the SVG of a page, which must be well formed."""
    begin, end = page.index("<svg"), page.index("</svg>") + len("</svg>")
    return len(minidom.parseString(page[begin:end]).getElementsByTagName("polyline"))


def test_tables_models_and_fits_have_pages_with_curves(table, run):
    page = table._repr_html_()
    assert "demo130/nmos" in page and curves(page) == 6
    page = run.model._repr_html_()
    assert "demo130/nmos" in page and curves(page) == 3
    page = run._repr_html_()
    assert "relative rms" in page and curves(page) == 3
    assert "<td" in run.errors._repr_html_() and "W10u_L0.13u" in run.errors._repr_html_()
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


def test_ctrl_c_stops_at_the_best_state(tmp_path):
    """In a process of its own: the signal comes as from a keyboard."""
    script = textwrap.dedent(
        f"""
        import gummel
        config = {{"solver": {{"kind": "lm", "max_steps": 100000, "tolerance": 0.0}}}}
        try:
            gummel.fit(family="nmos", config=config, no_plots=True, out={str(tmp_path / "run")!r},
                       progress=lambda title, *_: print(title, flush=True))
        except KeyboardInterrupt as stopped:
            print("stopped:", stopped.run.only.stopped, stopped.run.model.eval("W10u_L0.13u", 1.2, 1.2).id > 0)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(60.0, child.kill)
    watchdog.start()
    steps = 0
    for line in child.stdout:
        steps += line.startswith("demo130/nmos")
        if steps == 5:
            child.send_signal(signal.SIGINT)
            break
    rest = child.stdout.read()
    watchdog.cancel()
    assert child.wait() == 0, rest
    assert "stopped: interrupted True" in rest
    assert (tmp_path / "run" / "summary.json").is_file()
