"""The wheel as a user gets it: with its dependencies, in an environment that has nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_wheel_brings_what_it_needs(tmp_path):
    # tests/wheel.sh puts it beside the environment that these tests run in.
    wheels = list((Path(sys.prefix).parent / "dist").glob("gummel-*.whl"))
    if not wheels:
        pytest.skip("there is no wheel to install; tests/wheel.sh builds it")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "--quiet", wheels[0]], capture_output=True, text=True, env=clean)
    if "NewConnectionError" in done.stderr:
        pytest.skip("pip reaches no package index")
    assert done.returncode == 0, done.stderr
    assert subprocess.run([*pip, "check"], env=clean).returncode == 0
    script = """
import importlib.util
import gummel
assert importlib.util.find_spec("polars") is None, "the environment is not clean"
table = gummel.read("demo130-noisy")
print(len(table), "nmos" in repr(gummel.inspect(table)), table["id"].max() > 0.0)
"""
    said = subprocess.run([python, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=clean)
    assert said.returncode == 0, said.stderr
    rows, *facts = said.stdout.split()
    assert int(rows) > 1000 and facts == ["True", "True"]
