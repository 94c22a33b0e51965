"""Running a program: its output line by line in the log, its whole process group ended when it must be."""

import ctypes
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from slipway.steps.faults import CommandFailed, CommandNotFound, CommandTimedOut

LAST_LINES = 20
_LOOK_EVERY = 0.2  # seconds between two looks at whether a silent program has ended
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_running: set[int] = set()


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a program printed. `out` is its standard output, whole; `tail` the last lines of both streams."""

    status: int
    out: Sequence[str]
    tail: Sequence[str]
    seconds: float


def run_program(
    argv: Sequence[str],
    *,
    log: logging.Logger | None,
    cwd: Path,
    env: Mapping[str, str],
    timeout: timedelta,
    statuses: Collection[int] = (0,),
    hide: Collection[str] = (),
) -> Output:
    """Run a program to its end, each line of its output going to `log` as it comes.

    A program that it leaves running in the background on purpose is left alone.

    :param log: None to keep quiet
    :param env: added to what a release may see of this process's environment
    :param hide: secrets that are replaced by *** in the log, the result and every error
    Raises CommandFailed for a status not in `statuses`, CommandTimedOut and CommandNotFound.
    """
    began = time.monotonic()
    lines = _Lines(log=log, hide=[secret for secret in hide if secret])
    command = lines.clean(" ".join(argv))
    with _started(argv, command, cwd=cwd, env=visible_environment() | dict(env)) as process:
        try:
            _read(process, lines, began + timeout.total_seconds())
        except TimeoutError:
            raise CommandTimedOut(command, timeout.total_seconds(), lines.tail) from None
    if process.returncode not in statuses:
        raise CommandFailed(command, process.returncode, lines.tail)
    seconds = time.monotonic() - began
    return Output(status=process.returncode, out=lines.out, tail=tuple(lines.tail), seconds=round(seconds, 2))


def end_all() -> None:
    """Kill every program that this process runs now, with its children; for a task that is being killed."""
    for pid in tuple(_running):
        _kill_group(pid)


def visible_environment() -> dict[str, str]:
    """Return this process's environment without what a release must not see.

    Airflow's variables hold keys and connections; PYTHONPATH would put this library into the release.
    """
    hidden = ("AIRFLOW", "_AIRFLOW", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}


@contextmanager
def _started(
    argv: Sequence[str], command: str, *, cwd: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_die_with_parent if _LIBC else None,
        )
    except OSError as error:
        raise CommandNotFound(command, f"{error.strerror} ({error.filename})") from error
    _running.add(process.pid)
    try:
        yield process
    finally:
        if process.poll() is None:  # not at its end: a timeout, or this task is being stopped
            _kill_group(process.pid)
            process.wait()
        _running.discard(process.pid)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def _die_with_parent() -> None:
    # When the task itself is killed with -9 nobody is left to end the group, and the second try must
    # not meet a migration that still runs.
    assert _LIBC
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], lines: "_Lines", deadline: float) -> None:
    """Read both streams until the program ended; a background child may keep them open for longer."""
    assert process.stdout
    assert process.stderr
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ended = process.poll() is not None  # before reading: what it printed last is read below
            ready = selector.select(0 if ended else _LOOK_EVERY)
            for key, _ in ready:
                if not lines.read(key.fileobj, is_out=key.fileobj is process.stdout):  # type: ignore[arg-type]
                    selector.unregister(key.fileobj)
            if ended and not ready:
                break
            if time.monotonic() > deadline:
                raise TimeoutError
        lines.finish()
    # Both streams can be closed by a program that goes on.
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None


@dataclass
class _Lines:
    log: logging.Logger | None
    hide: Sequence[str]
    out: list[str] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    rest: dict[bool, bytes] = field(default_factory=lambda: {True: b"", False: b""})

    def read(self, stream: IO[bytes], *, is_out: bool) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return True
        *whole, self.rest[is_out] = (self.rest[is_out] + data).split(b"\n")
        for line in whole:
            self.take(line, is_out=is_out)
        return bool(data)

    def finish(self) -> None:
        """Take what stands behind the last line break."""
        for is_out, line in self.rest.items():
            if line:
                self.take(line, is_out=is_out)

    def take(self, line: bytes, *, is_out: bool) -> None:
        text = self.clean(line.decode(errors="replace").rstrip("\r"))
        if self.log:
            self.log.info("| %s", text)
        self.tail.append(text)
        if is_out:
            self.out.append(text)

    def clean(self, text: str) -> str:
        for secret in self.hide:
            text = text.replace(secret, "***")
        return text
