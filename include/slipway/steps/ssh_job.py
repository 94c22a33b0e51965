"""A command on a server that goes on when the connection is lost, and that a second try joins.

It runs in a session of its own under a name made of the release and the step. Its folder there,
~/.slipway/jobs/<name>, holds the script, its output, its process id and at last its exit status. The id
means something only until the server starts anew, so the boot (proc(5): boot_id) stands beside it.
"""

import hashlib
import logging
import re
import shlex
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slipway.run import Run
from slipway.steps.faults import CommandFailed, CommandTimedOut
from slipway.steps.faults.ssh import CommandVanished
from slipway.steps.processes import LAST_LINES
from slipway.steps.ssh_api import Server

LOOK_EVERY = 0.5  # seconds
BEGINS_WITHIN = 5.0  # seconds from the folder to the process in it
_JOBS = '"$HOME/.slipway/jobs"'
_OLD = 30  # days after which a job's folder is removed; that it was begun is known for ever
# The process id comes before the command, the status after it: what is there tells how far it came. A file
# is there a moment before what is written into it: an empty `pid` is none. An empty `boot`: no Linux.
_BOOT = "cat /proc/sys/kernel/random/boot_id 2>/dev/null"
_SAME_BOOT = f'{{ ! test -s boot || test "$(cat boot)" = "$({_BOOT})"; }}'
_RUNNER = (
    f"cd {{name}}; {_BOOT} >boot; "
    "echo $$ >pid || exit; sh script >output 2>&1 </dev/null; echo $? >ending; mv ending status"
)
# POSIX: `kill -s KILL -- -PID`; dash does not take `--` after `kill -KILL`.
_START = """mkdir -p {jobs} && cd {jobs} || exit 1
: >{name}.begun
find . -mindepth 1 -maxdepth 1 -type d -mtime +{old} -exec rm -rf {{}} +
if mkdir {name} 2>/dev/null; then
  printf %s {script} >{name}/script
  nohup setsid sh -c {runner} >/dev/null 2>&1 </dev/null &
  echo begun
else
  echo joined
fi"""
_LOOK = """cd {jobs}/{name} 2>/dev/null || {{ echo gone; exit 0; }}
if test -f status; then cat status
elif ! test -s pid; then echo waiting
elif {same_boot} && kill -0 "$(cat pid)" 2>/dev/null; then echo going
else sleep 0.2; if test -f status; then cat status; else echo vanished; fi
fi
tail -c +{offset} output 2>/dev/null || true"""
_STOP = """cd {jobs}/{name} 2>/dev/null || exit 0
test -s pid || sleep 1
test -s pid && ! test -f status && {same_boot} || exit 0
kill -s TERM -- "-$(cat pid)" 2>/dev/null || exit 0
for look in 1 2 3 4 5 6 7 8 9; do kill -s 0 -- "-$(cat pid)" 2>/dev/null || break; sleep 0.5; done
kill -s KILL -- "-$(cat pid)" 2>/dev/null
echo stopped"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to run once for a release.

    :param name: as made by `job_name`
    :param title: for people, e.g. "npm ci"
    :param lines: of a shell script; the first that fails ends it
    """

    name: str
    title: str
    lines: Sequence[str]
    cwd: str = ""


def job_name(run: Run, step: str, verb: str) -> str:
    """Return a name that is the same at every try and different for every release, step and verb.

    :param verb: "do...", by which the undo, also of a later rollback, finds what was done; or "undo..."
    """
    release = run.release_id if verb.startswith("undo") else run.undone_release
    whole = "/".join((run.plan_name, release, run.environment.name, step, verb))
    readable = re.sub(r"[^A-Za-z0-9]+", "-", f"{run.environment.name}-{step}-{verb}")
    return f"{readable}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def was_begun(there: Server, name: str) -> bool:
    """Tell whether such a job was begun and not forgotten since; also one that failed.

    Raises CommandFailed where the server does not say: that is no "no".
    """
    script = f"if test -e {_JOBS}/{name}.begun; then echo begun; else echo never; fi"
    return there.say(script, what="look for the job") == "begun"


def forget(there: Server, *names: str) -> None:
    """Remove jobs that are over, as if they had never been begun."""
    gone = " ".join(f"{name} {name}.begun" for name in names)
    there.say(f"cd {_JOBS} 2>/dev/null || exit 0; rm -rf {gone}", what="forget the job")


def clear(there: Server, job: Job) -> None:
    """Let the next try begin it anew; that it was begun stays known."""
    there.say(f"rm -rf {_JOBS}/{job.name}", what=f"clear `{job.title}` away")


def stop(there: Server, name: str, *, log: logging.Logger) -> None:
    """End a job that an earlier try left running, with all its processes."""
    if there.say(_STOP.format(jobs=_JOBS, name=name, same_boot=_SAME_BOOT), what="stop the job") == "stopped":
        log.info("Stopped what this release still ran on %s, before it is undone", there.conn_id)


def run_job(there: Server, job: Job, *, log: logging.Logger, timeout: timedelta) -> Sequence[str]:
    """Begin the job or join it, log its output line by line, and return its last lines.

    Raises CommandFailed, CommandTimedOut, CommandVanished and ConnectionCut.
    """
    if _begin(there, job) == "joined":
        log.info("`%s` was begun there by an earlier try: joining it", job.title)
    else:
        log.info("Running `%s` on %s, at most %s", job.title, there.conn_id, timeout)
    view = _View(log=log)
    began = asked = time.monotonic()
    while not (state := _look(there, job, view)).isdigit():
        now = time.monotonic()
        if state == "vanished":
            clear(there, job)
            raise CommandVanished(there.conn_id, job.title)
        if state == "gone" or (state == "waiting" and now - asked > BEGINS_WITHIN):
            clear(there, job)  # its process was never begun, and finds no folder when it is begun yet
            _begin(there, job)
            asked = now
        if now - began > timeout.total_seconds():
            _kill(there, job)
            raise CommandTimedOut(job.title, timeout.total_seconds(), view.tail)
        time.sleep(LOOK_EVERY)
    view.close()
    if int(state):
        clear(there, job)
        raise CommandFailed(job.title, int(state), view.tail)
    return view.tail


@dataclass(kw_only=True)
class _View:
    """What was seen of a job's output."""

    log: logging.Logger
    seen: int = 0  # bytes
    rest: str = ""
    tail: Sequence[str] = ()
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    def add(self, text: str) -> None:
        self.seen += len(text.encode(errors="surrogateescape"))
        *whole, self.rest = (self.rest + text).split("\n")
        for raw in whole:
            line = raw.encode(errors="surrogateescape").decode(errors="replace")
            self.log.info("| %s", line)
            self.lines.append(line)
        self.tail = tuple(self.lines)

    def close(self) -> None:
        if self.rest:
            self.add("\n")


def _begin(there: Server, job: Job) -> str:
    # The process begins in the folder of the job; `cwd` is meant as at a login, from its home.
    cwd = [f"cd {shlex.quote(job.cwd)}"] if job.cwd else []
    script = "\n".join(["set -e", 'cd "$HOME"', *cwd, *job.lines, ""])
    runner = _RUNNER.format(name=job.name)
    return there.say(
        _START.format(
            jobs=_JOBS, old=_OLD, name=job.name, script=shlex.quote(script), runner=shlex.quote(runner)
        ),
        what=f"begin `{job.title}`",
    )


def _look(there: Server, job: Job, view: _View) -> str:
    script = _LOOK.format(jobs=_JOBS, name=job.name, same_boot=_SAME_BOOT, offset=view.seen + 1)
    state, _, text = there.ask(script, what=job.title)[1].partition("\n")
    view.add(text)
    return state


def _kill(there: Server, job: Job) -> None:
    there.ask(f"cd {_JOBS}/{job.name} && kill -s KILL -- -$(cat pid)", what=f"kill {job.title}")
    clear(there, job)
