"""What can go wrong with LaunchDarkly beyond a vendor's usual faults."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible


class FlagChangedMeanwhile(StepFailed):
    """Somebody else changed the flag between our look and our change; nothing of ours was taken."""

    def __init__(self, flag: str, environment: str, seen: int, found: int) -> None:
        self.flag, self.environment, self.seen, self.found = flag, environment, seen, found
        super().__init__(
            f"LaunchDarkly: {flag} in {environment} was changed by somebody else while this step worked on "
            f"it (version {seen} became {found}); nothing was overwritten. See its history in LaunchDarkly; "
            "the next try begins with what it finds then."
        )


class NoSuchFlagEnvironment(StepImpossible):
    """The flag's project has no such environment."""

    def __init__(self, flag: str, environment: str, known: Sequence[str]) -> None:
        self.flag, self.environment, self.known = flag, environment, tuple(known)
        super().__init__(
            f'LaunchDarkly: {flag} has no environment "{environment}". It has: {", ".join(known) or "none"}. '
            "Correct `environment` or `project` in the plan."
        )


class FlagIsAnother(StepImpossible):
    """A flag of that key is there, and it is not what the plan describes."""

    def __init__(self, flag: str, what: str, wanted: object, found: object) -> None:
        self.flag, self.what = flag, what
        super().__init__(
            f"LaunchDarkly: the flag {flag} exists already with other {what}: {found}, not {wanted}. "
            "It may be in use, so it is left alone. Choose another key, or make the plan say what is there."
        )


class FlagInUse(StepFailed):
    """A flag that would be deleted is on somewhere."""

    def __init__(self, flag: str, environments: Sequence[str]) -> None:
        self.flag, self.environments = flag, tuple(environments)
        super().__init__(
            f"LaunchDarkly: the flag {flag} is on in {', '.join(environments)}, so it is not deleted. "
            "Turn it off there, then let this undo run again."
        )


class FlagTurnedOff(StepImpossible):
    """A flag that an earlier stage left on is off: somebody turned it off."""

    def __init__(self, flag: str, environment: str) -> None:
        self.flag, self.environment = flag, environment
        super().__init__(
            f"LaunchDarkly: {flag} in {environment} is off, and this stage only widens a flag that is on: "
            "somebody turned it off. It stays off. See its history in LaunchDarkly for who and why; if the "
            "release is to go on, turn it on there and clear this task, else roll back."
        )
