"""`./slipway up`, interrupted, and how interruptions are heard."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from slipway.local.process import marked
from slipway.local.settings import MARK
from slipway.local.stack import interruptible, uninterrupted


def those_of(root: Path) -> list[str]:
    found = {process.pid: process for process in marked(MARK, str(root))}
    for process in psutil.process_iter(["cmdline"]):
        if str(root) in " ".join(process.info["cmdline"] or []):
            found[process.pid] = process
    return [str(process) for process in found.values()]


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that the database server's user can reach, also when another run as root closes pytest's."""
    with tempfile.TemporaryDirectory(prefix="slipway-up-") as folder:
        yield Path(folder)


@pytest.mark.e2e
def test_an_interrupted_up_leaves_no_process(root: Path) -> None:
    up = subprocess.Popen(
        [sys.executable, "-m", "slipway.cli", "up", "--plan", "smart_personal_planner"],
        env={**os.environ, "SLIPWAY_ROOT": str(root), "PYTHONPATH": "include", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert up.stdout is not None
    with up.stdout:
        shown = []
        for line in up.stdout:
            shown.append(line)
            if "Ctrl-C to stop" in line:
                assert those_of(root)
                up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0, "".join(shown)
    assert those_of(root) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_kill_and_a_closed_terminal_interrupt_like_ctrl_c(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_impatient_second_ctrl_c_does_not_break_the_ending(number: signal.Signals) -> None:
    with uninterrupted():
        signal.raise_signal(number)
