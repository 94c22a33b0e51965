"""What a step raises when the far side needs time: the task then waits without a worker slot."""

from dataclasses import dataclass
from datetime import timedelta

from slipway.errors import SlipwayError


@dataclass(frozen=True, kw_only=True)
class Poll:
    """A GET whose JSON answer tells whether a long operation goes on; it is asked in a trigger.

    :param conn_id: an `http` connection
    :param path: a path on the connection's host, or a whole address on that host
    :param field: where the state stands in the answer, keys joined by dots, e.g. "properties.state"; "" looks
        at the HTTP status alone (202 means that it goes on)
    :param going: states that mean that it goes on, compared without regard to case
    :param headers: what goes along; an Authorization here is not kept: it is made from the connection
    """

    conn_id: str
    path: str
    field: str = ""
    going: tuple[str, ...] = ()


class StillGoing(SlipwayError):
    """A long operation was begun and has not ended; `do` (or `undo`) is called again when it may have.

    The second call looks at the far side anew and decides; nothing is concluded from the poll itself.

    :param what: e.g. "Azure swaps the slots green and production"
    :param every: time between two looks
    :param poll: what a trigger asks; without one, `do` itself is simply called again after `every`
    """

    def __init__(self, what: str, *, every: timedelta, poll: Poll | None = None) -> None:
        self.what, self.every, self.poll = what, every, poll
        super().__init__(f"{what}: still going; looked at again every {every.total_seconds():g} s.")
