"""What steps, checks and metrics have in common; each kind is one file in steps/, checks/ or metrics/."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, NamedTuple

from slipway.environment import Environment
from slipway.run import Evidence, Finding, Run
from slipway.words import Phase, Severity


class Undo(StrEnum):
    """Whether a step can be undone."""

    REVERSIBLE = "reversible"
    NOTHING = "nothing to undo"
    IMPOSSIBLE = "point of no return"
    MISSING = "no undo"


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """How a step is undone, or why it is not."""

    undo: Undo
    how: str = ""


def in_words(name: str) -> str:
    """Return a task name as a title: "back_up_database" -> "Back up database"."""
    return name.replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that changes the world, and how to change it back.

    A kind gives `needs`, `do`, `undo` and `undo_in_words`. `do` looks first and acts only if needed, so that
    a retry after a crash is harmless; it captures the state before through `run.remember` before it acts.

    :param name: the task's name, a verb phrase, unique within its phase
    :param title: what people read; the name in words if left out
    :param planned: how long the document says it takes
    :param timeout: the task fails after this long
    :param retries: how often Airflow tries again
    :param on_failure: the severity of its failure, looked up in the decision matrix; a row that restores
        counts only where the failure `saw_damage`
    :param scenario: picks a row of the decision matrix for its failure by scenario, not by severity alone
    :param leaves_nothing: why there is nothing to undo, for a step that changes nothing that matters
    :param irreversible: why it cannot be undone; after it no rollback starts without a person
    """

    name: str
    title: str = ""
    planned: timedelta | None = None
    timeout: timedelta = timedelta(minutes=30)
    retries: int = 1
    on_failure: Severity = Severity.CRITICAL
    scenario: str = ""
    leaves_nothing: str = ""
    irreversible: str = ""

    kind: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()  # the roles of the environment that it connects to
    migrates: ClassVar[bool] = False  # changes schema or data: wants a backup before it
    backs_up: ClassVar[bool] = False
    sets_flag: ClassVar[bool] = False

    @property
    def heading(self) -> str:
        """The title for people."""
        return self.title or in_words(self.name)

    def undoing(self) -> Undoing:
        """Tell how this step is undone; `prove` refuses a production step where the answer is MISSING."""
        if self.irreversible:
            return Undoing(undo=Undo.IMPOSSIBLE, how=self.irreversible)
        if self.leaves_nothing:
            return Undoing(undo=Undo.NOTHING, how=self.leaves_nothing)
        how = self.undo_in_words()
        return Undoing(undo=Undo.REVERSIBLE if how else Undo.MISSING, how=how)

    def undo_in_words(self) -> str:
        """Return one clause on what `undo` does, or "" if this configuration has no undo."""
        return ""

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that this step uses there."""
        return tuple(environment.connection(role) for role in self.needs)

    def look(self, run: Run) -> str:
        """Say what is there where the step will act, only reading; "" where its connections say it all.

        For `plan doctor`, which tries the connections themselves. Raises what `do` raises where something is
        missing.
        """
        return ""

    def do(self, run: Run) -> Evidence:
        """Bring the environment to the wanted state and prove it."""
        raise NotImplementedError

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Bring the environment back to `evidence.before`; doing it twice is harmless."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ReleasingStep(Step):
    """A step that brings out something that is built: in production just what a step on staging tried.

    :param tried_by: the step on staging whose proof names what production gets; the one of this name if ""
    """

    tried_by: str = ""

    takes: ClassVar[str]  # the fact of the proof that both leave and production takes, e.g. "commit"

    @property
    def tried_in(self) -> str:
        """The task that leaves the proof."""
        return f"{Phase.STAGING}.{self.tried_by or self.name}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that only looks, and answers PASS, FAIL, INCONCLUSIVE or ERROR.

    :param patience: how long, after the first look, anything but PASS may be looked at again; 0 looks once
    :param every: time between two looks
    :param blocking: whether anything but PASS fails the task; if not, it is only shown at the gate
    :param on_unknown: the severity of an answer that is none, INCONCLUSIVE or ERROR; by default that of a
        FAIL, HIGH at the most
    :param scenario: picks a row of the decision matrix by scenario, not by severity alone, where it blocks
        after production; within a RunCheck that step's own counts. No answer picks the row that its severity
        has in the scenario, or else that severity's own
    :param on: "staging" or "production"; by default the environment of the phase
    """

    name: str
    title: str = ""
    planned: timedelta | None = None
    patience: timedelta = timedelta(0)
    every: timedelta = timedelta(seconds=5)
    blocking: bool = True
    on_failure: Severity = Severity.CRITICAL
    on_unknown: Severity | None = None
    scenario: str = ""
    on: str = ""

    kind: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Need the role that is asked, where the plan chooses it."""
        if role := getattr(self, "role", ""):
            object.__setattr__(self, "needs", (role,))

    @property
    def heading(self) -> str:
        """The title for people."""
        return self.title or in_words(self.name)

    @property
    def extras(self) -> tuple[str, ...]:
        """What the extra of its connections must hold, by name; looked for before a release begins."""
        return ()

    @property
    def asks_for(self) -> tuple[str, ...]:
        """The run parameters that it reads, by name."""
        return ()

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that this check uses there."""
        return tuple(environment.connection(role) for role in self.needs)

    def probe(self, run: Run) -> Finding:
        """Look once. An exception counts as ERROR."""
        raise NotImplementedError


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]  # value by name and sorted labels


class Source(NamedTuple):
    """Where a reading comes from: a connection role, and what is asked there.

    `query` is the path of a metrics page, or "<source>:<JSON>" for one that metrics.sources knows.
    """

    role: str
    query: str

    @property
    def label(self) -> str:
        """Name for people, e.g. "service/metrics" or "aws cloud_watch"."""
        kind, asked, _ = self.query.partition(":{")
        return f"{self.role} {kind}" if asked else f"{self.role}{self.query}"


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One reading of a source.

    :param at: seconds since the epoch
    :param samples: value by series; a series is its name with its sorted labels, as parsed by metrics.scrape
    """

    at: float
    samples: Samples


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure that a watch samples. `value` returns None where there is no data.

    :param unit: printed behind the figure, e.g. "%", "ms", "MiB"
    :param source: the environment's connection role, e.g. "service" or "probe" for a metrics page
    :param path: the metrics page, where it is one
    :param newest: whether the newest sample counts and not the mean of several: of a count of what is open
        now, e.g. bugs, a mean tells of a number that never was. For momentary metrics only
    """

    name: str
    title: str = ""
    unit: str = ""
    source: str = "service"
    path: str = "/metrics"
    newest: bool = False

    kind: ClassVar[str]
    counts: ClassVar[bool] = False  # `observed` tells how many; others only tell of nothing, if at all
    adds_up: ClassVar[bool] = (
        False  # the mean of samples, weighed by `observed`, is the figure over all of them
    )

    @property
    def heading(self) -> str:
        """The title for people."""
        return self.title or in_words(self.name)

    @property
    def reading(self) -> Source:
        """What is read for it; metrics with the same source share one reading."""
        return Source(self.source, self.path)

    @property
    def momentary(self) -> bool:
        """Whether `value` tells of the later scrape's moment alone, and nothing of the time between the two.

        A watch then judges many of them: their mean, or with `newest` the last one, at a checkpoint, and in
        between only what several in a row agree on.
        """
        return False

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the figure between two scrapes, or None where they hold no data for it."""
        raise NotImplementedError

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many observations (requests, jobs) the figure between two scrapes stands on.

        0 where the source lives and nothing happened, None where that cannot be told: a count that somebody
        else keeps looks the same when nobody came and when what reports to it is dead.
        """
        return None


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """Items that only a person can tick, asked as a form.

    :param blocking: whether an unticked item stops the release
    :param on_unknown: the severity of no answer in time; by default that of an unticked item, HIGH at most
    :param people: Airflow user names that may answer; anyone with the right to edit the run if empty
    """

    name: str
    items: Sequence[str]
    title: str = ""
    blocking: bool = True
    people: Sequence[str] = ()
    planned: timedelta | None = None
    timeout: timedelta = timedelta(hours=24)
    on_failure: Severity = Severity.HIGH
    on_unknown: Severity | None = None

    @property
    def heading(self) -> str:
        """The title for people."""
        return self.title or in_words(self.name)
