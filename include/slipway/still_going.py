"""What a step raises when it has to wait: the task then waits in the triggerer, without a worker slot."""

from datetime import timedelta

from slipway.errors import SlipwayError


class StillGoing(SlipwayError):
    """Something was begun on the far side, and has not ended.

    `do` (or `undo`) is called again. It looks at the far side anew and decides; what it remembered tells it
    what it has begun.

    :param what: e.g. "Azure swaps the slots green and production"
    :param every: the longest time until the next look; the first looks come sooner
    """

    def __init__(self, what: str, *, every: timedelta) -> None:
        self.what, self.every = what, every
        super().__init__(f"{what}: still going")

    def pause(self, waited: timedelta) -> timedelta:
        """Return the time until the next look: as long as it has gone on already, at the most `every`."""
        return min(self.every, waited)


class NotYet(StillGoing):
    """There is nothing to see before a known time has passed.

    :param what: e.g. "Waiting until Sat 07 Mar 09:00 KST"
    :param left: the time until the next look, however long it has waited
    """

    def __init__(self, what: str, *, left: timedelta) -> None:
        super().__init__(what, every=left)
        self.args = (what,)

    def pause(self, waited: timedelta) -> timedelta:
        """Return the time that is left."""
        return self.every
