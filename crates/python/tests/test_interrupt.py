"""Ctrl-C: whatever a verb is doing, it ends soon and raises KeyboardInterrupt."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import gummel
import pytest

# A busy machine is slow; what ignores the signal takes minutes.
SOON = 15.0


class Script:
    """Python in a process of its own: the signal comes as from a keyboard."""

    def __init__(self, code: str, **environment: str) -> None:
        environment = {**os.environ, **environment}
        self.child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, env=environment
        )
        self.watchdog = threading.Timer(120.0, self.child.kill)
        self.watchdog.start()

    def wait_for(self, beginning: str, times: int = 1) -> None:
        """Until so many lines began like that."""
        for line in self.child.stdout:
            times -= line.startswith(beginning)
            if times == 0:
                return
        raise AssertionError(f"the script ended before it printed {beginning}")

    def interrupt(self) -> tuple[str, float]:
        """Presses Ctrl-C; what is printed then, and how long it takes to end (s)."""
        begun = time.monotonic()
        self.child.send_signal(signal.SIGINT)
        rest = self.child.stdout.read()
        code = self.child.wait()
        self.watchdog.cancel()
        assert code == 0, rest
        return rest, time.monotonic() - begun


def test_a_fit_stops_at_the_best_state(tmp_path):
    script = Script(
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
    script.wait_for("demo130/nmos", times=5)
    rest, _ = script.interrupt()
    assert "stopped: interrupted True" in rest
    assert (tmp_path / "run" / "summary.json").is_file()


@pytest.mark.skipif(os.name != "posix", reason="the simulator of this test is a shell script")
def test_a_check_kills_the_simulator_it_waits_for(run, tmp_path):
    simulator = tmp_path / "ngspice"
    simulator.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho $$ > {tmp_path}/pid.part\n"
                         f"mv {tmp_path}/pid.part {tmp_path}/pid\nexec sleep 600\n")
    simulator.chmod(0o755)
    script = Script(
        f"""
        import gummel
        print("begun", flush=True)
        try:
            gummel.check({str(run.folder)!r}, exports=True, no_data=True, only="noise")
        except KeyboardInterrupt:
            print("stopped")
        """,
        GUMMEL_NGSPICE=str(simulator),
    )
    script.wait_for("begun")
    until = time.monotonic() + 60.0
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < until, "the simulator was not started"
        time.sleep(0.02)
    rest, seconds = script.interrupt()
    assert rest == "stopped\n" and seconds < SOON
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_proof_is_given_up(run):
    manifest = (run.model.folder / "manifest.toml").read_bytes()
    script = Script(
        f"""
        import gummel
        print("begun", flush=True)
        try:
            gummel.call("certify", {str(run.folder)!r}, boxes=10**12, below_floor=True, beyond=30, lowest_vgs=-3)
        except KeyboardInterrupt:
            print("stopped")
        """
    )
    script.wait_for("begun")
    time.sleep(1.0)
    rest, seconds = script.interrupt()
    assert rest == "stopped\n" and seconds < SOON
    assert (run.model.folder / "manifest.toml").read_bytes() == manifest


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: shells start programs in the background with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_reading_stops_between_files(interruptible, tmp_path):
    rows = "".join(f"{k / 500},1.2,{k * 1e-7}\n" for k in range(500))
    for k in range(2000):
        (tmp_path / f"{k}.csv").write_text("vgs,vds,id\n" + rows)
    told = []

    def press(title: str, done: int, total: int, message: str) -> None:
        told.append((done, total))
        if len(told) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        gummel.read(tmp_path, progress=press)
    # The end of the bar is told whatever happened before.
    assert told[-1] == (2000, 2000) and all(done < 1900 for done, _ in told[:-1])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_reading_stops_inside_a_file_without_end(interruptible, tmp_path):
    endless = tmp_path / "endless.csv"
    os.mkfifo(endless)

    def write() -> None:
        with open(endless, "w") as file:
            file.write("vgs,vds,id\n" + "0.5,1.2,1e-6\n" * 200_000)
            os.kill(os.getpid(), signal.SIGINT)
            # The pipe breaks when the reader is gone.
            while True:
                file.write("0.5,1.2,1e-6\n" * 10_000)

    def until_broken() -> None:
        with pytest.raises(BrokenPipeError):
            write()

    writer = threading.Thread(target=until_broken, daemon=True)
    writer.start()
    with pytest.raises(KeyboardInterrupt):
        gummel.read(endless)
    writer.join(SOON)
    assert not writer.is_alive()


def test_the_caller_is_where_signals_and_progress_arrive(recipe, tmp_path):
    """Also from a thread other than the main one, which gets no signals."""
    where = []

    def work() -> None:
        gummel.fit(
            family="nmos", devices="W10u*", config=recipe, no_plots=True, out=tmp_path / "run",
            progress=lambda *_: where.append(threading.current_thread()),
        )

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert where and set(where) == {thread}
    assert (Path(tmp_path) / "run" / "summary.json").is_file()
