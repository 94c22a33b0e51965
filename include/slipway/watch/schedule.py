"""When a watch looks: its checkpoints, and their times at a pace."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from slipway.watching import Every, Watch

MARGIN = timedelta(minutes=5)  # questions end by their own timeout, and Airflow looks now and then
FASTEST_BESIDE_PEOPLE = 1.0  # seconds between two samples at the highest pace
# Samples of a rehearsal's shortest checkpoint beyond those that must be good: nobody may have asked then.
SPARE = 2
SHORTEST = 0.2  # seconds between two samples at the highest pace; faster readings tell nothing new


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A moment at which the metrics are judged.

    :param due: counted from the start of the watch, in the plan's time
    :param part: which `Every` of the watch it belongs to, from 0
    """

    index: int
    due: timedelta
    title: str
    part: int
    first_of_part: bool
    look_at: Sequence[str] = ()


def checkpoints(watch: Watch) -> list[Checkpoint]:
    """Return all checkpoints; each part ends with one, also where its interval does not divide it."""
    found: list[Checkpoint] = []
    begin = timedelta(0)
    for number, part in enumerate(watch.checkpoints):
        for place, due in enumerate(_dues(part, begin)):
            found.append(
                Checkpoint(
                    index=len(found),
                    due=due,
                    title=part.title,
                    part=number,
                    first_of_part=place == 0,
                    look_at=tuple(part.look_at),
                )
            )
        begin = max(begin, part.until)
    return found


def _dues(part: Every, begin: timedelta) -> Iterator[timedelta]:
    if part.interval <= timedelta(0):
        raise ValueError(f"a checkpoint every {part.interval} is no schedule")
    whole = (part.until - begin) // part.interval
    for count in range(1, whole + 1):
        yield begin + count * part.interval
    if part.until > begin + max(whole, 0) * part.interval:
        yield part.until


def meanwhile(watch: Watch, waits: Iterable[timedelta], title: str) -> Watch:
    """Return a watch by the same limits for as long as something may wait.

    Its checkpoints are as far apart as the watch's nearest.

    :param waits: how long each question waits at the most
    """
    longest = max(_durations(waits), default=timedelta(0)) + MARGIN
    interval = min(_durations(part.interval for part in watch.checkpoints), default=longest)
    part = Every(interval=interval, until=longest, title=title)
    return replace(watch, checkpoints=(part,))


def _durations(values: Iterable[timedelta]) -> list[timedelta]:
    """Leave out what `prove` has yet to refuse."""
    return [value for value in values if isinstance(value, timedelta)]


def beside_people(watch: Watch, pace: float) -> Watch:
    """Return such a watch for a run of this pace.

    People take their time in a rehearsal too, so the window and its checkpoints stay as long. Only the
    samples come faster, and what must last is as much shorter.
    """
    faster = min(pace, max(1.0, watch.sample_every.total_seconds() / FASTEST_BESIDE_PEOPLE))
    return replace(
        watch,
        sample_every=watch.sample_every / faster,
        thresholds=[replace(limit, lasting=limit.lasting / faster) for limit in watch.thresholds],
    )


def paced(duration: timedelta, pace: float) -> float:
    """Return the real seconds of a duration of the plan at a pace."""
    return duration.total_seconds() / pace


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """A checkpoint in real time: counted in seconds from the start of the watch.

    :param samples: the moments at which it is sampled; the last one is `end`
    """

    checkpoint: Checkpoint
    begin: float
    end: float
    samples: Sequence[float]


def timetable(watch: Watch, pace: float) -> list[Appointment]:
    """Return every checkpoint in real time; the same watch and pace always give the same.

    A rehearsal leaves no checkpoint out: one that its pace would make too short for
    `minimum_good_samples` readings is lengthened to hold them, and SPARE.
    """
    found = checkpoints(watch)
    dues = [timedelta(0), *(checkpoint.due for checkpoint in found)]
    table: list[Appointment] = []
    begin = 0.0
    for checkpoint, (before, due) in zip(found, pairwise(dues), strict=True):
        end = begin + max(paced(due - before, pace), shortest(watch))
        moments = _moments(begin, end, watch, pace)
        table.append(Appointment(checkpoint=checkpoint, begin=begin, end=end, samples=moments))
        begin = end
    return table


def shortest(watch: Watch) -> float:
    """Return the least real seconds between two checkpoints."""
    return SHORTEST * (max(watch.minimum_good_samples, 1) + SPARE)


def spacing(watch: Watch, pace: float) -> float:
    """Return the real seconds that two samples are apart at the least; less than twice that at the most."""
    return max(paced(watch.sample_every, pace), SHORTEST)


def _moments(begin: float, end: float, watch: Watch, pace: float) -> tuple[float, ...]:
    # The small allowance keeps a length of exactly n spacings at n in spite of binary fractions.
    most = math.floor((end - begin) / spacing(watch, pace) + 1e-6)
    count = max(most, watch.minimum_good_samples, 1)
    return tuple(begin + (end - begin) * number / count for number in range(1, count + 1))


def real_length(watch: Watch, pace: float) -> float:
    """Return how many real seconds the whole window takes at a pace."""
    table = timetable(watch, pace)
    return table[-1].end if table else 0.0
