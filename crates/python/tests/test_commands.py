"""The shell commands of the pages about Python and notebooks, as a reader gives them, in an environment of their own."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = ("python", "notebooks")
# A server without a browser, at a port of its own, also for the superuser of a container.
QUIET = "c.ServerApp.open_browser = False\nc.ServerApp.allow_root = True\nc.ServerApp.port = 0\n"
# Seconds until the server answers.
PATIENCE = 120.0


def commands(page):
    text = (ROOT / "docs" / "src" / f"{page}.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """Environment variables of a shell in a fresh virtual environment."""
    if shutil.which("cargo") is None or os.name == "nt":
        pytest.skip("pip builds the package with cargo, and commands are those of a POSIX shell")
    folder = tmp_path_factory.mktemp("reader")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    (folder / "jupyter").mkdir()
    (folder / "jupyter" / "jupyter_server_config.py").write_text(QUIET, encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    env["PATH"] = f"{folder / 'venv' / 'bin'}{os.pathsep}{env['PATH']}"
    env.setdefault("CARGO_TARGET_DIR", str(ROOT / "target"))
    env.update(JUPYTER_CONFIG_DIR=str(folder / "jupyter"), JUPYTER_RUNTIME_DIR=str(folder / "runtime"))
    return env


def run(command, env, cwd=ROOT):
    return subprocess.run(command, shell=True, cwd=cwd, env=env, capture_output=True, text=True)


def install(command, env):
    done = run(command, env)
    if "NewConnectionError" in done.stderr:
        pytest.skip("pip reaches no package index")
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def started(env, server):
    """Address and token that a server writes down once it listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        for path in Path(env["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json"):
            try:
                facts = json.loads(path.read_text(encoding="utf-8"))
                return facts["url"], facts["token"]
            except (ValueError, KeyError):
                pass  # It is being written.
        time.sleep(0.2)
    raise AssertionError("the server did not start")


def listed(env, command):
    """Names of the notebooks that a reader of the server started by `command` finds."""
    server = subprocess.Popen(f"exec {command}", shell=True, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url, token = started(env, server)
        with urllib.request.urlopen(f"{url}api/contents?token={token}", timeout=PATIENCE) as answer:
            entries = json.load(answer)["content"]
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)
    return sorted(entry["name"] for entry in entries if entry["type"] == "notebook")


def rendered(env, command, folder):
    """Runs `command` in a copy of what it reads and writes; gives the pages that it wrote."""
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    done = run(command, env, folder)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return sorted((folder / "docs" / "src" / "notebooks").glob("*.md"))


def test_every_command_works(shell, tmp_path):
    kinds = {"install": 0, "lab": 0, "render": 0}
    for command in [c for page in PAGES for c in commands(page)]:
        if command.startswith("pip install "):
            kinds["install"] += 1
            install(command, shell)
            found = run('python -c "import gummel; print(gummel.__file__)"', shell, tmp_path)
            assert "site-packages" in found.stdout, found.stderr
        elif command.startswith("jupyter lab "):
            kinds["lab"] += 1
            assert listed(shell, command) == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
        elif command.startswith("python notebooks/run.py "):
            kinds["render"] += 1
            (page,) = rendered(shell, command, tmp_path)
            assert page.read_text(encoding="utf-8").count("![figure") > 0
        else:
            raise AssertionError(f"no test runs '{command}'")
    assert min(kinds.values()) > 0, kinds
