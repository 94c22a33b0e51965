"""Faults of running programs."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible


class CommandFailed(StepFailed):
    """A command ended with an unexpected status."""

    def __init__(self, command: str, status: int, tail: Sequence[str]) -> None:
        self.command, self.status, self.tail = command, status, tuple(tail)
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        lines = "\n".join(f"  | {line}" for line in tail)
        said = f" Its last lines:\n{lines}\n" if tail else " It printed nothing. "
        super().__init__(f"{command}: {how}.{said}Mend what they name and clear this task to try again.")


class CommandTimedOut(StepFailed):
    """A command did not end in time; it and all its children were killed."""

    def __init__(self, command: str, seconds: float, tail: Sequence[str]) -> None:
        self.command, self.seconds, self.tail = command, seconds, tuple(tail)
        lines = "".join(f"\n  | {line}" for line in tail)
        super().__init__(
            f"{command}: not over after {seconds:g} s, so it was killed with its children. Its last "
            f"lines:{lines}\n"
            "See what it waits for, or give the step a longer timeout."
        )


class CommandNotFound(StepImpossible):
    """There is no such program, or it may not be run."""

    def __init__(self, command: str, why: str) -> None:
        self.command, self.why = command, why
        super().__init__(f"{command}: {why}. Install it on the worker or correct the plan's argv.")


class NoPostgresTools(StepImpossible):
    """No pg_dump or pg_restore fits the server."""

    def __init__(self, program: str, server: int, found: str) -> None:
        self.program, self.server, self.found = program, server, found
        super().__init__(
            f"{program}: the server is PostgreSQL {server}, and this worker has {found or 'none'}; an "
            "older one "
            f"refuses a newer server. Install the client programs of PostgreSQL {server} or newer."
        )
