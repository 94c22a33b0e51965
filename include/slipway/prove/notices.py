"""Faults of notices: texts that say nothing or name no fact, channels that lead nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.environment import Environment
from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.letter import PLACEHOLDERS, BrokenTemplate, placeholders
from slipway.plan import Moment, Notice, Opened, Plan
from slipway.prove.places import place
from slipway.prove.wording import choose, listed
from slipway.telling import OUTCOMES
from slipway.words import Action, Severity

BEFORE_STAGES = (Moment.REJECTED, Moment.ABORTED)  # outcomes of a release that let nobody in
AFTER_STAGES = {Moment.ROLLBACK_STARTED, *OUTCOMES}.difference(BEFORE_STAGES)


@dataclass(frozen=True)
class NobodyToTell(Fault):
    """A notice without a channel."""

    @property
    def what(self) -> str:
        return "it goes to no channel, so nobody would be told"

    @property
    def mend(self) -> str:
        return "Give it a channel, e.g. Slack(connection=...), or leave it out"


@dataclass(frozen=True)
class NothingToSay(Fault):
    """A notice whose subject or text is empty."""

    field: str

    @property
    def what(self) -> str:
        return f"its {self.field} is empty"

    @property
    def mend(self) -> str:
        return f"Give it a {self.field}"


@dataclass(frozen=True)
class UnknownPlaceholder(Fault):
    """A name in braces that is no fact of a release."""

    field: str
    name: str

    @property
    def what(self) -> str:
        return f"its {self.field} holds {{{self.name}}}, which no release has"

    @property
    def mend(self) -> str:
        return f'{choose(self.name, PLACEHOLDERS, "placeholders")}. For a brace itself write "{{{{"'


@dataclass(frozen=True)
class UnreadableText(Fault):
    """A brace that opens or closes nothing."""

    field: str
    why: str

    @property
    def what(self) -> str:
        return f"its {self.field} cannot be read: {self.why}"

    @property
    def mend(self) -> str:
        return 'Write a brace that is no placeholder twice: "{{" or "}}"'


@dataclass(frozen=True)
class IncompleteChannel(Fault):
    """A channel without what it needs to send."""

    channel: str
    lacking: str

    @property
    def what(self) -> str:
        return f"its channel {self.channel} has no {self.lacking}"

    @property
    def mend(self) -> str:
        return f"Give it {self.lacking}=..."


@dataclass(frozen=True)
class NoService(Fault):
    """A notice inside the application of an environment without a service."""

    environment: str

    @property
    def what(self) -> str:
        return f'it goes to the {self.environment} environment\'s "service" connection, which is not given'

    @property
    def mend(self) -> str:
        return 'Give the environment service="<connection id>"'


@dataclass(frozen=True)
class ToldTwice(Fault):
    """One channel twice in a notice; the ledger would let only the first one through."""

    channel: str

    @property
    def what(self) -> str:
        return f"it goes to {self.channel} twice"

    @property
    def mend(self) -> str:
        return "Leave one out, or make two notices of it"


@dataclass(frozen=True)
class SeveritiesWithoutBreach(Fault):
    """Severities on a notice of a moment that has none."""

    moment: str
    severities: tuple[str, ...]

    @property
    def what(self) -> str:
        return f"it is told {self.moment}, and severities ({listed(self.severities)}) are of breaches only"

    @property
    def mend(self) -> str:
        return "Leave severities out, or make the moment Moment.BREACH"


@dataclass(frozen=True)
class UnknownStage(Fault):
    """A notice for a stage that no strategy has."""

    stage: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it is for the users of "{self.stage}", which is no stage of the rollout'

    @property
    def mend(self) -> str:
        return choose(self.stage, self.valid, "stages")


@dataclass(frozen=True)
class StageTooEarly(Fault):
    """A stage on a notice that is not of a rollback and not of how a release ended."""

    moment: str

    @property
    def what(self) -> str:
        return f"it is told {self.moment}, and a stage is of rollbacks, and of outcomes after it, only"

    @property
    def mend(self) -> str:
        return "Leave stage out; for the users whom a stage lets in, make the moment Opened(...)"


@dataclass(frozen=True)
class NothingOpens(Fault):
    """A notice for a stage that lets nobody in."""

    stage: str

    @property
    def what(self) -> str:
        return f'it is told when "{self.stage}" is open, and no step of that stage opens anything'

    @property
    def mend(self) -> str:
        return "Give the stage the step that lets its users in, or tell it at another moment"


@dataclass(frozen=True)
class UntoldBreach(Fault):
    """A plan that tells people things, and not of breaches of some severity."""

    severity: Severity
    action: Action

    @property
    def what(self) -> str:
        then = (
            "with nobody asked"
            if self.action.undoes
            else "it may stop the release and ask, and no answer is a rollback"
        )
        return f'nobody is told of a {self.severity} breach, from which follows "{self.action}": {then}'

    @property
    def mend(self) -> str:
        return f"Add a Notice of Moment.BREACH, or Severity.{self.severity.name} to the severities of one"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the notices."""
    yield from _untold(graph.plan)
    stages = {stage.name: len(stage.steps) for rollout in graph.plan.strategies for stage in rollout.stages}
    for index, notice in enumerate(graph.plan.notices):
        spot = place("notices", index, notice.name)
        yield from _channels(spot, notice, graph.plan.production)
        yield from _texts(spot, notice)
        if isinstance(notice.moment, Opened) and notice.moment.stage not in stages:
            yield UnknownStage(spot, notice.moment.stage, tuple(stages))
        if isinstance(notice.moment, Opened) and stages.get(notice.moment.stage) == 0:
            yield NothingOpens(spot, notice.moment.stage)
        if notice.stage and notice.stage not in stages:
            yield UnknownStage(spot, notice.stage, tuple(stages))
        if notice.stage and notice.moment not in AFTER_STAGES:
            yield StageTooEarly(spot, str(notice.moment))
        if notice.severities and notice.moment is not Moment.BREACH:
            yield SeveritiesWithoutBreach(spot, str(notice.moment), tuple(notice.severities))


def _untold(plan: Plan) -> Iterator[Fault]:
    """Yield the severities that a person must hear of and does not, the graver action of each."""
    if not plan.notices:
        return  # a plan that tells nobody anything is watched by whoever releases it
    actions = {
        rule.severity: rule.action for rule in sorted(plan.matrix.rules, key=lambda rule: rule.action.rank)
    }
    told = [notice for notice in plan.notices if notice.moment is Moment.BREACH]
    for severity in sorted(actions, key=list(Severity).index):
        if not any(notice.concerns(severity) for notice in told):
            yield UntoldBreach("notices", severity, actions[severity])


def _channels(spot: str, notice: Notice, environment: Environment) -> Iterator[Fault]:
    if not notice.channels:
        yield NobodyToTell(spot)
    seen: set[str] = set()
    for channel in (each.at(environment) for each in notice.channels):
        if channel.address in seen:
            yield ToldTwice(spot, channel.address)
        seen.add(channel.address)
        lacking = channel.lacks()
        if lacking == "service":
            yield NoService(spot, environment.name)
        elif lacking:
            yield IncompleteChannel(spot, channel.address, lacking)


def _texts(spot: str, notice: Notice) -> Iterator[Fault]:
    for field, text in (("subject", notice.subject), ("text", notice.text)):
        if not text.strip():
            yield NothingToSay(spot, field)
        try:
            names = list(placeholders(text))
        except BrokenTemplate as error:
            yield UnreadableText(spot, field, str(error))
            continue
        for name in dict.fromkeys(names):
            if name not in PLACEHOLDERS:
                yield UnknownPlaceholder(spot, field, name)
