"""What can go wrong when a vendor's API is called, a class for each; the text names system, call and mend.

StepFailed (another try may help)
|- VendorUnreachable, VendorBroken, TooManyCalls, InTheWay, AnswerUnreadable
StepImpossible (no second try)
`- AccessRefused, NotThere, CallRefused
"""

from slipway.errors import StepFailed, StepImpossible

READS = ("GET ", "HEAD ", "Get", "List", "Head", "Describe", "Filter")  # calls that change nothing


class VendorUnreachable(StepFailed):
    """No whole answer came: refused, timed out or cut off. `sent` is whether the call may have been taken."""

    def __init__(self, system: str, call: str, conn_id: str, why: str, *, sent: bool) -> None:
        self.system, self.call, self.conn_id, self.why, self.sent = system, call, conn_id, why, sent
        changes = not call.startswith(READS)
        taken = " It may have been carried out; the next try looks first." if sent and changes else ""
        super().__init__(
            f"{system}: {call}: {why}.{taken} See {system}'s status page, and that host and port of the "
            f'connection "{conn_id}" are right and open from this worker.'
        )


class VendorBroken(StepFailed):
    """The system answers with an error of its own (5xx)."""

    def __init__(self, system: str, call: str, status: int, said: str) -> None:
        self.system, self.call, self.status, self.said = system, call, status, said
        super().__init__(
            f"{system}: {call}: HTTP {status}{_quoted(said)}. See {system}'s status page; try again."
        )


class TooManyCalls(StepFailed):
    """The system asks for patience (429, of some 420). `wait` is in seconds, None where it does not say."""

    def __init__(self, system: str, call: str, wait: float | None, status: int = 429) -> None:
        self.system, self.call, self.wait = system, call, wait
        until = f"Try again in {wait:g} s" if wait is not None else "Try again later"
        super().__init__(
            f"{system}: {call}: HTTP {status}, too many calls. {until}; see what else uses the same account."
        )


class InTheWay(StepFailed):
    """The system cannot do it in its present state (409), e.g. another operation is running."""

    def __init__(self, system: str, call: str, said: str, mend: str = "") -> None:
        self.system, self.call, self.said = system, call, said
        mend = mend or f"See in {system} what holds it, and try again when that has ended."
        super().__init__(f"{system}: {call}: HTTP 409{_quoted(said)}. {mend}")


class AnswerUnreadable(StepFailed):
    """An answer that is not what the system's documents promise."""

    def __init__(self, system: str, call: str, why: str) -> None:
        self.system, self.call, self.why = system, call, why
        super().__init__(
            f"{system}: {call}: the answer cannot be read ({why}). See that the connection's host is "
            f"{system} itself and no proxy's page."
        )


class AccessRefused(StepImpossible):
    """The system does not know the credentials (401), or they do not suffice (403)."""

    def __init__(self, system: str, call: str, conn_id: str, status: int, said: str, mend: str = "") -> None:
        self.system, self.call, self.conn_id, self.status, self.said = system, call, conn_id, status, said
        usual = (
            f'Its credentials are expired or wrong: set new ones in the connection "{conn_id}".'
            if status == 401
            else f'The login of the connection "{conn_id}" may not do this: give it the rights named in '
            "docs/connections.md."
        )
        super().__init__(f"{system}: {call}: HTTP {status}{_quoted(said)}. {mend or usual}")


class NotThere(StepImpossible):
    """What the call names does not exist (404), or the credentials may not see it."""

    def __init__(self, system: str, call: str, said: str, mend: str = "") -> None:
        self.system, self.call, self.said = system, call, said
        mend = mend or "See that the name in the plan is right and that the connection may see it."
        super().__init__(f"{system}: {call}: HTTP 404{_quoted(said)}. {mend}")


class CallRefused(StepImpossible):
    """The system says that the call itself is wrong (another 4xx)."""

    def __init__(self, system: str, call: str, status: int, said: str, mend: str = "") -> None:
        self.system, self.call, self.status, self.said = system, call, status, said
        super().__init__(f"{system}: {call}: HTTP {status}{_quoted(said)}. {mend or 'Correct the plan.'}")


def _quoted(said: str) -> str:
    return f' ("{said}")' if said else ""
