"""What a step raises when it has to wait: the task then waits in the triggerer, without a worker slot."""

from datetime import timedelta

from slipway.errors import SlipwayError


class StillGoing(SlipwayError):
    """Something was begun, on the far side or by the clock, and has not ended.

    `do` (or `undo`) is called again after `every`. It looks at the far side anew and decides; what it
    remembered tells it what it has begun.

    :param what: e.g. "Azure swaps the slots green and production"
    :param every: time until the next look
    """

    def __init__(self, what: str, *, every: timedelta) -> None:
        self.what, self.every = what, every
        super().__init__(f"{what}: still going; the next look is in {every.total_seconds():.3g} s.")
