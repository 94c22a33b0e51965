"""Processes that outlive the terminal which started them, and end completely."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import Signals
from typing import Self

import psutil

from slipway.detached import Detached
from slipway.local.home import write_private

# Only the parent can reap a process that ended, and it needs this handle for it.
_CHILDREN: dict[int, Detached] = {}


@dataclass(frozen=True, kw_only=True)
class Process:
    """One started process, which leads its own process group."""

    name: str
    pid: int
    started: float  # seconds since the epoch; tells a reused pid from the process that was started

    @classmethod
    def start(
        cls, name: str, argv: list[str], *, env: dict[str, str], log: Path, cwd: Path, nicer: int = 0
    ) -> Self:
        """Start `argv` in its own session, with its output appended to `log`.

        `nicer` is added to the niceness of this process; what `argv` starts inherits it.
        """
        with log.open("ab") as output:
            child = Detached(argv, env=env, cwd=cwd, stdout=output, stderr=output)
        if nicer:
            os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + nicer)
        _CHILDREN[child.pid] = child
        return cls(name=name, pid=child.pid, started=psutil.Process(child.pid).create_time())

    @classmethod
    def recorded(cls, record: Path) -> Self | None:
        """Return the process that a record names, alive or not; None without a record."""
        try:
            return cls(**json.loads(record.read_text()))
        except FileNotFoundError:
            return None

    def write(self, record: Path) -> None:
        """Leave a record by which another terminal finds this process."""
        write_private(record, json.dumps(asdict(self)))

    @property
    def is_alive(self) -> bool:
        """Say whether this very process runs; one that ended but was not yet reaped does not."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > 0.05:
                return False
            if process.status() != psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return False
        if self.pid in _CHILDREN:
            _CHILDREN[self.pid].poll()
        return False

    def signal(self, number: Signals) -> None:
        """Send a signal to the process alone."""
        if self.is_alive:
            os.kill(self.pid, number)

    def signal_group(self, number: Signals) -> None:
        """Send a signal to the process and its group, also when the process itself is gone."""
        if not self.is_alive and psutil.pid_exists(self.pid):
            return  # the pid, and with it the group, belongs to somebody else by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def end_group(self) -> None:
        """Kill what the ended process left of its group, with all that it started in other groups."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE:
                return  # it runs, or the pid belongs to somebody else by now
        left = [process for process in psutil.process_iter() if _group_of(process) == self.pid]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.extend(child for child in process.children() if child not in left)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def marked(name: str, value: str) -> list[psutil.Process]:
    """Return the processes of this user whose environment holds `name` with that value."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(name) == value and process.pid != os.getpid():
                found.append(process)
    return found


def end(processes: list[psutil.Process], *, patience: float) -> None:
    """Ask processes to end, and make those end that have not after `patience` seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=patience)
