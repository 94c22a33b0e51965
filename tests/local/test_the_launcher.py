"""`./slipway up`, interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from slipway.local.process import marked
from slipway.local.settings import MARK

pytestmark = pytest.mark.e2e


def those_of(root: Path) -> list[str]:
    found = {process.pid: process for process in marked(MARK, str(root))}
    for process in psutil.process_iter(["cmdline"]):
        if str(root) in " ".join(process.info["cmdline"] or []):
            found[process.pid] = process
    return [str(process) for process in found.values()]


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_no_process(tmp_path: Path, interruption: signal.Signals) -> None:
    up = subprocess.Popen(
        [sys.executable, "-m", "slipway.cli", "up"],
        env={**os.environ, "SLIPWAY_ROOT": str(tmp_path), "PYTHONPATH": "include", "PYTHONUNBUFFERED": "1"},
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
                assert those_of(tmp_path)
                up.send_signal(interruption)
        assert up.wait(60) == 0, "".join(shown)
    assert those_of(tmp_path) == []
