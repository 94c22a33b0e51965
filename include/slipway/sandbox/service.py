"""One service of the sandbox as a process: started from its release, watched, restarted, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import IO

import psutil

from slipway.sandbox.layout import Place, port

START_TIMEOUT = 20.0  # seconds until the current release must answer (a busy machine starts slowly)
STOP_TIMEOUT = 5.0  # seconds between asking and killing
BACKOFF = (0.5, 1.0, 2.0, 5.0)  # seconds before a crashed service is started again
LAST_LINES = 20


class Service:
    """Runs one environment's service, or one server of it. All methods may be called from any thread.

    :param instance: the server's name, "" for the only one; `instances/<name>` is the link to its release
    """

    def __init__(self, place: Place, instance: str = "") -> None:
        self.place, self.instance = place, instance
        self.name = f"{place.name}/{instance}" if instance else place.name
        self.wanted = False
        self.crashes = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._revive_at: float | None = None  # on the monotonic clock
        self._lock = threading.RLock()
        self.log = place.log.with_name(f"{instance}.log") if instance else place.log
        self._pid_file = self.log.with_suffix(".pid")
        self._end_left_over()

    @property
    def release(self) -> Path:
        """The link that says which release is started."""
        own = self.place.home / "instances" / self.instance
        return own if self.instance and own.is_symlink() else self.place.current

    def restart(self) -> str:
        """Start the current release in place of what runs. Raises RuntimeError with the last log lines."""
        with self._lock:
            self.stop()
            self.wanted, self.crashes = True, 0
            began, offset = time.monotonic(), self._log_size()
            self._start()
            version = (self.release / "VERSION").read_text().strip()
            while time.monotonic() - began < START_TIMEOUT:
                if self._answers(version):
                    return f"{self.name} serves {version} after {time.monotonic() - began:.1f} s"
                if self._process is not None and self._process.poll() is not None:
                    break
                time.sleep(0.03)
        raise RuntimeError(self._why_not(version, offset))

    def stop(self) -> None:
        """End the service with all its children."""
        with self._lock:
            self.wanted = False
            if self._process is not None:
                _end_group(self._process)
                self._process = None
                self._pid_file.unlink(missing_ok=True)

    def revive(self) -> None:
        """Start the service again if it crashed and has waited long enough."""
        with self._lock:
            if not self.wanted or self._process is None or self._process.poll() is None:
                return
            if self._revive_at is None:
                pause = BACKOFF[min(self.crashes, len(BACKOFF) - 1)]
                self._revive_at = time.monotonic() + pause
                self.crashes += 1
            elif time.monotonic() >= self._revive_at:
                self._start()

    def status(self) -> dict[str, object]:
        runs = self._process is not None and self._process.poll() is None
        return {
            "wanted": self.wanted,
            "running": runs,
            "pid": self._process.pid if self._process and runs else None,
            "crashes": self.crashes,
            "release": os.path.realpath(self.release),
        }

    def _start(self) -> None:
        self._revive_at = None
        release = self.release.resolve()  # a later switch of `current` does not move a running service
        python = release / ".venv" / "bin" / "python"
        command = [str(python) if python.exists() else sys.executable, "service.py"]
        _compile_once(Path(command[0]), release)
        with self.log.open("ab") as log:
            self._process = _spawn(command, release, self._settings(), log)
        started = psutil.Process(self._process.pid).create_time()
        self._pid_file.write_text(json.dumps({"pid": self._process.pid, "started": started}))

    def _settings(self) -> dict[str, str]:
        lines = (self.place.home / "shared" / "env").read_text().splitlines()
        shared = dict(line.split("=", 1) for line in lines if "=" in line)
        # one malloc arena: memory is comparable from release to release
        plain = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
        own = {"INSTANCE": self.instance, "INSTANCE_PORT": str(self._port())} if self.instance else {}
        return {**plain, "PYTHONHASHSEED": "0", **shared, **own}

    def _port(self) -> int:
        """The port at which this very server answers; the other one is shared by all."""
        return port(self.place.root, self.name) if self.instance else int(self._settings()["PORT"])

    def _answers(self, version: str) -> bool:
        try:
            url = f"http://127.0.0.1:{self._port()}/version"
            with urllib.request.urlopen(url, timeout=1) as answer:
                return bool(json.load(answer)["version"] == version)
        except (OSError, ValueError, KeyError):
            return False

    def _log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _why_not(self, version: str, offset: int) -> str:
        status = self._process.poll() if self._process is not None else None
        silent = f"did not answer within {START_TIMEOUT:.0f} s"
        how = silent if status is None else f"ended with status {status}"
        with self.log.open("rb") as log:
            log.seek(offset)
            last = log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"{self.name} {version} {how}. The end of {self.log}:", *last])

    def _end_left_over(self) -> None:
        """End the service that a killed supervisor left behind."""
        try:
            left = json.loads(self._pid_file.read_text())
            process = psutil.Process(left["pid"])
            if abs(process.create_time() - left["started"]) < 1:
                os.killpg(left["pid"], signal.SIGKILL)
        except (OSError, ValueError, psutil.Error):
            return


def _spawn(
    command: list[str], folder: Path, settings: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _compile_once(python: Path, release: Path) -> None:
    """Compile a release and its libraries beforehand: a process that compiles keeps the memory it took."""
    stamp = release / ".compiled"
    if stamp.exists():
        return
    libraries = [str(path) for path in (release / ".venv" / "lib").glob("*/site-packages")]
    subprocess.run(
        [str(python), "-I", "-m", "compileall", "-q", str(release), "-x", r"\.venv", *libraries],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    stamp.touch()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number, patience in ((signal.SIGTERM, STOP_TIMEOUT), (signal.SIGKILL, STOP_TIMEOUT)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            process.wait(patience)
            return
        except subprocess.TimeoutExpired:
            continue
        if number == signal.SIGKILL:
            return
