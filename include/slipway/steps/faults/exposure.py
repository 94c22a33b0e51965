"""Faults of flags and baselines."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible
from slipway.run import Json


class UnknownFlag(StepImpossible):
    """The service has no such flag."""

    def __init__(self, conn_id: str, flag: str, known: Sequence[str]) -> None:
        self.conn_id, self.flag, self.known = conn_id, flag, tuple(known)
        has = f"It has: {', '.join(known)}" if known else "It has none"
        super().__init__(
            f'connection "{conn_id}": the service has no flag "{flag}". {has}. Correct the plan, or deploy '
            "what brings it."
        )


class FlagNotTaken(StepFailed):
    """A flag reads back with another value than was set."""

    def __init__(self, flag: str, expected: Json, found: Json) -> None:
        self.flag, self.expected, self.found = flag, expected, found
        super().__init__(f'flag "{flag}": set to {expected}, reads back as {found}. See who else changes it.')


class FlagSwitchedOff(StepImpossible):
    """Flags that an earlier stage left on are off: somebody turned them off."""

    def __init__(self, conn_id: str, flags: Sequence[str]) -> None:
        self.conn_id, self.flags = conn_id, tuple(flags)
        super().__init__(
            f'connection "{conn_id}": off though an earlier stage left it on: {", ".join(flags)}. Somebody '
            "turned it off, and this stage only widens what is on. It stays off. Ask who did and why; if the "
            "release is to go on, turn it on in the service and clear this task, else roll back."
        )


class NoBaseline(StepFailed):
    """A metric had no data while the baseline was taken."""

    def __init__(self, label: str, metrics: Sequence[str], scrapes: int) -> None:
        self.label, self.metrics, self.scrapes = label, tuple(metrics), scrapes
        super().__init__(
            f"baseline of {label}: no data for {', '.join(metrics)} in {scrapes} scrapes. No data is never "
            "a baseline: "
            "see that the service has traffic and serves these metrics, or take it for longer."
        )
