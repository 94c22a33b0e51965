"""A command in a one-off dyno: its output as it comes, its exit status, and never twice by mistake."""

import hashlib
import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slipway.errors import StepFailed, StepImpossible
from slipway.run import Json, Run
from slipway.steps.faults.heroku import DynoCommandFailed, DynoTimedOut, DynoUnattached, OutcomeUnknown
from slipway.steps.heroku_api import HEROKU, ask
from slipway.steps.reach import connection
from slipway.steps.rendezvous import lines_of
from slipway.still_going import StillGoing
from slipway.vendor import call
from slipway.vendor_faults import InTheWay, TooManyCalls, VendorUnreachable

LAST_LINES = 20
_EVERY = timedelta(seconds=10)
_STATUS = re.compile(r"^\uffff heroku-command-exit-status:? (\d+)$")  # as the CLI's --exit-code asks for it
_GRACE = 60  # seconds that a dyno may live beyond the step's timeout, if nobody is left to stop it
_LONGEST = 86_400  # seconds, the most that Heroku takes as time_to_live
_NEVER_BEGUN = -1
_STOPPED = -2


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended. `lines` is what it printed."""

    status: int
    lines: Sequence[str]
    seconds: float

    def to_json(self) -> dict[str, Json]:
        """Return what a later try needs to know."""
        return {"status": self.status, "lines": list(self.lines)[-5:], "seconds": self.seconds}


def run_attached(run: Run, app: str, command: str, *, timeout: timedelta, mark: str = "slipway") -> Ended:
    """Run a command to its end, each line of its output going to the log.

    Raises DynoCommandFailed, DynoTimedOut and DynoUnattached (the dyno is stopped then, if it can be), and
    the faults of slipway.vendor_faults.
    """
    return _attend(run, app, command, _begin(run, app, command, timeout, mark), timeout)


def run_once(
    run: Run, app: str, command: str, *, key: str, timeout: timedelta, repeatable: bool, again: bool = False
) -> Ended:
    """Run a command that an earlier try may have run: what ended well is not run again.

    Where nobody knows how the earlier one ended, it is run again only if it is repeatable. One that still
    runs is waited for.

    :param key: under which it is remembered
    :param again: run it although an earlier one ended well
    Raises OutcomeUnknown, StillGoing, and what `run_attached` raises.
    """
    number = 1
    while (ended := run.recall(f"{key}.ended.{number}")) is not None:
        if ended["status"] == 0 and not again:
            run.log.info("`%s` ended well in an earlier try", command)
            return Ended(**ended)
        number += 1
    mark = _mark(run, key, number)
    if run.recall(f"{key}.begun.{number}") is not None:
        _see_what_became_of_it(run, app, command, mark, repeatable)
        run.remember(f"{key}.ended.{number}", lambda: Ended(status=_STOPPED, lines=[], seconds=0).to_json())
        number += 1
        mark = _mark(run, key, number)
    run.remember(f"{key}.begun.{number}", lambda: mark)
    return _run_and_remember(run, app, command, f"{key}.ended.{number}", timeout, mark)


def stop_earlier(run: Run, app: str, command: str) -> None:
    """Stop what a killed task of Slipway left running of a command, and see that it is gone.

    Raises StillGoing until then, and the faults of slipway.vendor_faults.
    """
    if not (running := _running(run, app, command)):
        return
    for name in running:
        run.log.warning("`%s` still runs on %s, begun by a task that was killed", command, app)
        _order_stop(run, app, name)
    if left := _running(run, app, command):
        raise StillGoing(f"Heroku stops {', '.join(left)} of {app}, which runs `{command}`", every=_EVERY)
    run.log.info("%s: `%s` is not running any more", app, command)


def _running(run: Run, app: str, command: str) -> list[str]:
    """Return the names of the dynos in which Slipway runs a command, whatever task or release began them."""
    dynos = ask(run, "GET", f"/apps/{app}/dynos")
    given = ((str(dyno["name"]), str(dyno.get("command", ""))) for dyno in dynos)
    return [name for name, said in given if said.startswith(_order(command, "slipway-"))]


def _run_and_remember(run: Run, app: str, command: str, note: str, timeout: timedelta, mark: str) -> Ended:
    def remember(status: int, lines: Sequence[str] = (), seconds: float = 0) -> None:
        run.remember(note, lambda: Ended(status=status, lines=lines, seconds=seconds).to_json())

    try:
        dyno = _begin(run, app, command, timeout, mark)
    except (StepImpossible, TooManyCalls, InTheWay, VendorUnreachable) as fault:
        if not getattr(fault, "sent", False):
            remember(_NEVER_BEGUN)
        raise
    try:
        ended = _attend(run, app, command, dyno, timeout)
    except DynoCommandFailed as fault:
        remember(fault.status)
        raise
    except DynoTimedOut as fault:
        if fault.stopped:
            remember(_STOPPED)
        raise
    remember(0, ended.lines, ended.seconds)
    return ended


def _begin(run: Run, app: str, command: str, timeout: timedelta, mark: str) -> dict[str, Any]:
    run.log.info("Running `%s` in a one-off dyno of %s, at most %s", command, app, timeout)
    order = {
        # The mark is a comment at the end: by it a later try finds the dyno among the others.
        "command": _order(command, mark),
        "attach": True,
        "force_no_tty": True,
        "type": "run",
        "time_to_live": min(int(timeout.total_seconds()) + _GRACE, _LONGEST),
    }
    return dict(ask(run, "POST", f"/apps/{app}/dynos", json=order))


def _order(command: str, mark: str) -> str:
    return f'{command}; echo "\uffff heroku-command-exit-status $?" # {mark}'


def _attend(run: Run, app: str, command: str, dyno: dict[str, Any], timeout: timedelta) -> Ended:
    began, name = time.monotonic(), str(dyno["name"])
    tls = bool(connection(run, "heroku").extra_dejson.get("rendezvous_tls", True))
    lines: list[str] = []
    tail: deque[str] = deque(maxlen=LAST_LINES)
    status = None
    try:
        for line in lines_of(dyno["attach_url"], tls=tls, deadline=began + timeout.total_seconds()):
            if found := _STATUS.match(line):
                status = int(found[1])
                break
            run.log.info("| %s", line)
            lines.append(line)
            tail.append(line)
        if status is None:
            raise ConnectionError("it ended without a status")
    except TimeoutError:
        stopped = _stop(run, app, name)
        raise DynoTimedOut(app, command, timeout.total_seconds(), tail, stopped=stopped) from None
    except OSError as error:
        stopped = _stop(run, app, name)
        why = error.strerror or str(error) or type(error).__name__
        raise DynoUnattached(app, command, name, why, stopped=stopped) from error
    except BaseException:  # this task is being killed: nobody would read what the dyno prints
        _stop(run, app, name)
        raise
    if status:
        raise DynoCommandFailed(app, command, status, tail)
    return Ended(status=status, lines=lines, seconds=round(time.monotonic() - began, 2))


def _stop(run: Run, app: str, name: str) -> bool:
    """Stop a dyno and tell whether Heroku took that; if not, it ends by itself after its time to live."""
    try:
        _order_stop(run, app, name)
    except StepFailed as fault:
        run.log.warning("The dyno %s of %s could not be stopped: %s", name, app, fault)
        return False
    return True


def _order_stop(run: Run, app: str, name: str) -> None:
    run.log.info("Stopping the dyno %s of %s", name, app)
    path = f"/apps/{app}/dynos/{name}/actions/stop"
    call(HEROKU, connection(run, "heroku").conn_id, "POST", path, accept=(404,), safe=True)


def _see_what_became_of_it(run: Run, app: str, command: str, mark: str, repeatable: bool) -> None:
    dynos = ask(run, "GET", f"/apps/{app}/dynos")
    if any(str(dyno.get("command", "")).endswith(f"# {mark}") for dyno in dynos):
        raise StillGoing(f"`{command}` of an earlier try still runs on {app}", every=_EVERY)
    if not repeatable:
        raise OutcomeUnknown(app, command)
    run.log.info("Nobody knows how `%s` ended in an earlier try; it may run again", command)


def _mark(run: Run, key: str, number: int) -> str:
    text = f"{run.release_id} {run.task_id} {key} {number}"
    return f"slipway-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
