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
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """What is said in the log."""
        return f"{self.what}: still going"

    def pause(self, waited: timedelta) -> timedelta:
        """Return the time until the next look: as long as it has gone on already, at the most `every`."""
        return min(self.every, waited)


class NotYet(StillGoing):
    """It is known when to go on, and nothing is looked at before.

    :param what: e.g. "Waiting until Sat 07 Mar 09:00 KST"
    :param left: the time until then
    """

    def __init__(self, what: str, *, left: timedelta) -> None:
        super().__init__(what, every=left)

    @property
    def text(self) -> str:
        """What is waited for."""
        return self.what

    def pause(self, waited: timedelta) -> timedelta:
        """Return the time that is left, however long it has waited."""
        return self.every
