"""A step whose work goes on at the far side: looked at from its task at first, then from the triggerer."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.run import AirflowRun
from slipway.airflow.soonest import soonest
from slipway.errors import StepFailed, StepImpossible
from slipway.masking import masked
from slipway.run import Json
from slipway.spans import length
from slipway.still_going import NotYet, StillGoing
from slipway.vendor_faults import TooManyCalls

T = TypeVar("T")

GOING_SINCE = "going_since"  # seconds since the epoch at which a long operation was first waited for
# The way to the triggerer and back takes three seconds and another process: not worth it for less.
IN_PLACE = timedelta(seconds=5)
FIRST_LOOK = timedelta(seconds=0.5)


class NeverEnded(StepFailed):
    """What a step began on the far side has not ended in the step's time."""

    def __init__(self, what: str, longest: timedelta) -> None:
        self.what, self.longest = what, longest
        super().__init__(
            f"{what}: not ended after {length(longest)}. See there why; it may still end. Give the step a "
            "longer `timeout` if it is only slow."
        )


def to_its_end(operator: BaseOperator, run: AirflowRun, longest: timedelta, act: Callable[[], T]) -> T:
    """Return what `act` returns, called again as often as something is still going.

    It is called again, too, when a system has said how long it wants to be left alone (Retry-After), after
    that time: Airflow's own retry would come too soon. The step finds what it had done, as after a crash.

    Raises what `act` raises, TaskDeferred to wait without a worker, and NeverEnded.

    :param longest: the step's `timeout`
    """
    while True:
        try:
            found = act()
        except StillGoing as going:
            wait_for(operator, run, going, longest)
        except TooManyCalls as busy:
            if busy.wait is None or timedelta(seconds=busy.wait) > longest - waited(run):
                ended(run)
                raise
            left_alone = NotYet(str(busy).rstrip("."), left=timedelta(seconds=busy.wait))
            wait_for(operator, run, left_alone, longest)
        else:
            ended(run)
            return found


def waited(run: AirflowRun) -> timedelta:
    """Return for how long the step has waited by now, over all its tries."""
    return _since(run.recall(run.counting(GOING_SINCE)) or time.time())


def _since(moment: Json) -> timedelta:
    return timedelta(seconds=time.time() - float(moment))


def ended(run: AirflowRun) -> None:
    """End the round of waiting, if there is one, so that the step may wait again when somebody clears it."""
    name = run.counting(GOING_SINCE)
    if run.recall(name) is not None:
        run.over(name)


def wait_for(operator: BaseOperator, run: AirflowRun, going: StillGoing, longest: timedelta) -> None:
    """Wait until the step is to look again.

    Returns then, if that is in a moment; else the task waits in the triggerer, where it holds no worker.
    Raises NeverEnded once it has gone on for longer than the step's `timeout`, counted over all tries.
    """
    name = run.counting(GOING_SINCE)
    so_far = _since(run.remember(name, time.time))
    if so_far > longest:
        run.over(name)
        raise plain(NeverEnded(going.what, longest))
    pause = max(going.pause(so_far), FIRST_LOOK)
    if so_far + pause <= IN_PLACE:
        run.log.info("%s.", going)
        time.sleep(pause.total_seconds())
        return
    pause = max(pause, timedelta(seconds=soonest()))
    run.log.info("%s. The next look is in %s.", going, length(pause))
    operator.defer(trigger=TimeDeltaTrigger(pause), method_name="look_again")


def plain(failure: StepFailed) -> Exception:
    """Return the failure as Airflow's, so that the log ends with one clear line, and with no secret in it."""
    if isinstance(failure, StepImpossible):
        return AirflowFailException(masked(str(failure)))
    failure.args = tuple(masked(each) if isinstance(each, str) else each for each in failure.args)
    return failure
