"""A short fit, the command line to compare with, and the folder they work in."""

import os
import subprocess
from pathlib import Path

import gummel
import pytest

# Short, but every stage of the solver runs.
QUICK = {"solver": {"kind": "lm", "max_steps": 8, "starts": 2, "start_steps": 8, "subset": 60, "subset_steps": 8}}


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short recipe as a file."""
    path = tmp_path_factory.mktemp("recipe") / "quick.toml"
    lines = [f"{k} = {v if not isinstance(v, str) else repr(v)}" for k, v in QUICK["solver"].items()]
    path.write_text("[solver]\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def table() -> gummel.Table:
    """The bundled measurements."""
    return gummel.read("demo130-noisy")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, recipe: Path) -> gummel.Run:
    """A short fit of the n-channel transistors."""
    return gummel.fit(
        "demo130-noisy", family="nmos", config=recipe, seed=5, no_plots=True, out=tmp_path_factory.mktemp("runs") / "nmos"
    )


@pytest.fixture(scope="session")
def command():
    """Runs the command line that the environment variable GUMMEL names."""
    program = os.environ.get("GUMMEL")
    if not program:
        pytest.skip("GUMMEL does not name the gummel program; cargo xtask check sets it")

    def call(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done

    return call
