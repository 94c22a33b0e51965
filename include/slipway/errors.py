"""Every fault of Slipway, a class of its own.

SlipwayError
|- StepFailed               a step could not do its work; Airflow may try again
|  `- StepImpossible        it will never work this way; no second try
|- PlanRefused              a plan does not prove; carries all its faults
|- MissingConnection        an Airflow connection that a plan needs is not there
`- MissingExtra             its extra does not hold what a check reads from it
"""

from collections.abc import Sequence
from dataclasses import dataclass


class SlipwayError(Exception):
    """The root of all errors that Slipway raises on purpose."""


class StepFailed(SlipwayError):
    """A step could not do its work this time; another try may help.

    `saw_damage` says that it looked and found what its severity stands for, e.g. damaged rows. Most failures
    only say that something could not be done: a lock that was not given, a machine that was not reached. No
    data is restored for them.
    """

    saw_damage: bool = False


class StepImpossible(StepFailed):
    """A step will never work this way; the task fails without another try."""


class MissingConnection(StepImpossible):
    """An Airflow connection that a plan needs does not exist."""

    def __init__(self, conn_id: str, used_by: str) -> None:
        self.conn_id = conn_id
        self.used_by = used_by
        super().__init__(
            f'There is no Airflow connection "{conn_id}" ({used_by} needs it). '
            f"Add it in Admin > Connections, with `airflow connections add {conn_id} ...`, "
            f"or as the variable AIRFLOW_CONN_{conn_id.upper()}."
        )


class MissingExtra(StepImpossible):
    """An Airflow connection does not hold what a check wants from its extra."""

    def __init__(self, conn_id: str, names: Sequence[str], used_by: str) -> None:
        example = ", ".join(f'"{name}": "..."' for name in names)
        super().__init__(
            f'The extra of the Airflow connection "{conn_id}" has no {" and no ".join(names)} '
            f"({used_by} needs it). Add it there: {{{example}}}."
        )


def in_one_line(error: BaseException) -> str:
    """Return an error that is not Slipway's own as one line: its class, and the first line that it says."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


@dataclass(frozen=True)
class Fault:
    """One fault of a plan: where, what, and how to mend it. `prove` has a subclass for each."""

    place: str

    @property
    def what(self) -> str:
        """Say what is wrong."""
        raise NotImplementedError

    @property
    def mend(self) -> str:
        """Say how to mend it."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.mend}."


class PlanRefused(SlipwayError):
    """A plan that does not prove. The text names the plan, and every fault with its place and its mend."""

    def __init__(self, plan: str, faults: Sequence[Fault]) -> None:
        self.plan = plan
        self.faults = tuple(faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(faults, 1))
        super().__init__(f'The plan "{plan}" has {count}:\n{lines}')
