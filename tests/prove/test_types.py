"""Values of a wrong type, by the exact text of their faults."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_type_hints

import pytest
from tests.prove.plans import PRODUCTION, SOUND, BackUp, Look, Migrate, but, faults_of

from slipway import checks, metrics, notices, steps
from slipway.checks import HttpCheck
from slipway.environment import Environment
from slipway.errors import PlanRefused
from slipway.kinds import Checklist, Step
from slipway.plan import Approval, DecisionMatrix, Duty, Moment, Parameter, Plan
from slipway.prove import proven, types
from slipway.steps import ApplySql, Verification
from slipway.watching import Every, Threshold
from slipway.words import Severity

if TYPE_CHECKING:
    from collections import OrderedDict

RISKS = "Risk.LOW, Risk.MEDIUM, Risk.HIGH"


def refused(**changes: Any) -> list[str]:
    """Return the faults of a plan that need not compile."""
    with pytest.raises(PlanRefused) as found:
        proven(but(**changes))
    return [str(fault) for fault in found.value.faults]


def test_a_misspelt_choice_is_refused_with_the_nearest() -> None:
    assert faults_of(risk="medum") == [
        f'risk: it is "medum", which is no Risk. Did you mean Risk.MEDIUM? Valid: {RISKS}.'
    ]


@pytest.mark.parametrize("text", ["medium", "MEDIUM", "Medium"])
def test_the_text_of_a_choice_is_not_the_choice(text: str) -> None:
    assert faults_of(risk=text) == [f'risk: it is "{text}", which is no Risk. Write Risk.MEDIUM.']


def test_a_choice_that_resembles_none_is_refused_with_all() -> None:
    assert faults_of(risk="terrible") == [f'risk: it is "terrible", which is no Risk. Valid: {RISKS}.']
    assert faults_of(risk=None) == [f"risk: it is None, which is no Risk. Give it one of {RISKS}."]


def test_a_choice_of_another_kind_is_refused() -> None:
    assert faults_of(risk=Severity.HIGH) == ["risk: it is Severity.HIGH, which is no Risk. Write Risk.HIGH."]


def test_a_row_of_the_matrix_takes_no_text() -> None:
    rules = [
        replace(SOUND.matrix.rules[0], severity="critcal", action="rollback", within=5),
        *SOUND.matrix.rules[1:],
    ]
    assert faults_of(matrix=DecisionMatrix(rules=rules)) == [
        'matrix.rules[0] "critcal": severity is "critcal", which is no Severity. '
        "Did you mean Severity.CRITICAL? "
        "Valid: Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL.",
        'matrix.rules[0] "critcal": action is "rollback", which is no Action. Did you mean Action.ROLL_BACK? '
        "Valid: Action.CONTINUE, Action.ALERT, Action.ASK, Action.FLAGS_OFF, Action.ROLL_BACK, "
        "Action.ROLL_BACK_AND_RESTORE.",
        'matrix.rules[0] "critcal": within is 5, which is no timedelta. '
        "Write it with its unit, e.g. timedelta(seconds=5).",
    ]


def test_a_gate_of_wrong_types_is_refused_field_by_field() -> None:
    approvals = [Approval(role="Owner", people="alice"), Approval(role=7, people=["bob", 7])]
    gate = replace(SOUND.gate, approvals=approvals, timeout=7200, requester_may_approve="no")
    assert refused(gate=gate) == [
        'gate.approvals[0] "Owner": people is "alice", which is no list. Write ["alice"].',
        'gate.approvals[1]: role is 7, which is no str. Write "7".',
        'gate.approvals[1]: people[1] is 7, which is no str. Write "7".',
        "gate: timeout is 7200, which is no timedelta. Write it with its unit, e.g. timedelta(seconds=7200).",
        'gate: requester_may_approve is "no", which is no bool. Give it True or False.',
    ]


def test_a_step_of_wrong_types_is_refused_field_by_field() -> None:
    step = BackUp(name="back_up", timeout=30, retries=1.5, on_failure="HIGH", planned="5 minutes")
    assert faults_of(on_staging=[step, *SOUND.on_staging[1:]]) == [
        'on_staging[0] "back_up": planned is "5 minutes", which is neither timedelta nor None. '
        "Give it a timedelta, e.g. timedelta(minutes=5).",
        'on_staging[0] "back_up": timeout is 30, which is no timedelta. '
        "Write it with its unit, e.g. timedelta(seconds=30).",
        'on_staging[0] "back_up": retries is 1.5, which is no int. Give it an int.',
        'on_staging[0] "back_up": on_failure is "HIGH", which is no Severity. Write Severity.HIGH.',
    ]


def test_what_is_no_step_is_no_step() -> None:
    assert refused(on_staging=[Look(name="look"), None, Migrate, Environment]) == [
        "on_staging[0]: it is a Look, which is no Step. Give it a Step.",
        "on_staging[1]: it is None, which is no Step. Give it a Step.",
        "on_staging[2]: it is the class Migrate, which is no Step. Write Migrate(...).",
        "on_staging[3]: it is the class Environment, which is no Step. Give it a Step.",
    ]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (BackUp(name="back_up"), "it is a BackUp, which is no list. Write it in a list"),
        (None, "it is None, which is no list. Give it a list of Step"),
        ("back_up", 'it is "back_up", which is no list. Give it a list of Step'),
        ({BackUp(name="back_up")}, "it is a set, which is no list. Give it a list of Step"),
    ],
    ids=["one step", "nothing", "a name", "a set"],
)
def test_steps_stand_in_a_list(given: object, fault: str) -> None:
    assert refused(on_staging=given) == [f"on_staging: {fault}."]


def test_a_list_that_takes_two_kinds_says_both() -> None:
    assert refused(preflight=["reviewed"]) == [
        'preflight[0]: it is "reviewed", which is neither Check nor Checklist. '
        "Give it a Check or a Checklist."
    ]


def test_a_part_that_was_not_made_is_refused() -> None:
    def environment() -> Environment:
        return PRODUCTION

    assert refused(staging=Environment, production=environment, watch=None) == [
        "staging: it is the class Environment, which is no Environment. Write Environment(...).",
        "production: it is the function environment, which is no Environment. Write environment(...).",
        "watch: it is None, which is no Watch. Give it a Watch.",
    ]


def test_a_watch_of_wrong_types_is_refused_field_by_field() -> None:
    watch = replace(
        SOUND.watch,
        thresholds=[Threshold(metric="latency", severity=Severity.HIGH, above="150", missing="breach")],
        checkpoints=[Every(interval=15, until=timedelta(hours=1))],
        minimum_good_samples=True,
    )
    assert refused(watch=watch) == [
        'watch.thresholds[0] "latency": above is "150", which is neither float nor None. Give it a float.',
        'watch.thresholds[0] "latency": missing is "breach", which is no Missing. Write Missing.BREACH.',
        "watch.checkpoints[0]: interval is 15, which is no timedelta. "
        "Write it with its unit, e.g. timedelta(seconds=15).",
        "watch: minimum_good_samples is True, which is no int. Give it an int.",
    ]


def test_a_stage_of_wrong_types_is_refused_with_its_place() -> None:
    first, second = SOUND.strategies[0].stages
    stages = [first, replace(second, exposure="100", require=[Checklist(name="asked", items="Well?")])]
    assert refused(strategies=[replace(SOUND.strategies[0], stages=stages)]) == [
        'strategies[0].stages[1] "all": exposure is "100", which is no float. Give it a float.',
        'strategies[0].stages[1].require[0] "asked": items is "Well?", which is no list. Write ["Well?"].',
    ]


def test_a_window_of_texts_is_refused() -> None:
    assert refused(
        windows=[replace(SOUND.windows[0], days=["Sat"], start="6:00", timezone="Europe/Paris")]
    ) == [
        'windows[0] "weekend morning": days[0] is "Sat", which is no int. Give it an int.',
        'windows[0] "weekend morning": start is "6:00", which is no time. Give it a time, e.g. time(6, 30).',
        'windows[0] "weekend morning": timezone is "Europe/Paris", which is no ZoneInfo. '
        'Give it a ZoneInfo, e.g. ZoneInfo("Europe/Paris").',
    ]


def test_a_notice_at_a_text_is_refused() -> None:
    at_end, somewhen = (replace(SOUND.notices[0], moment=moment) for moment in ("released", 3))
    faults = refused(notices=[at_end, somewhen, replace(SOUND.notices[0], channels=["#releases"])])
    moments = ", ".join(f"Moment.{moment.name}" for moment in Moment)
    assert faults == [
        'notices[0] "support_hears": moment is "released", which is none of Moment, Day, Opened. '
        "Write Moment.RELEASED.",
        'notices[1] "support_hears": moment is 3, which is none of Moment, Day, Opened. '
        f"Give it one of {moments} or a Day or an Opened.",
        'notices[2] "support_hears": channels[0] is "#releases", which is no Channel. Give it a Channel.',
    ]


def test_a_mapping_is_looked_at_by_key_and_by_value() -> None:
    check = HttpCheck(name="answers", path="/", headers={"Retry": 3})
    parameters = [Parameter(name="ticket", default=3, description="", schema={3: "any value goes"})]
    assert refused(preflight=[check], parameters=parameters, contacts=[{"role": "on call"}]) == [
        'parameters[0] "ticket": a key of schema is 3, which is no str. Write "3".',
        'preflight[0] "answers": headers["Retry"] is 3, which is no str. Write "3".',
        "contacts[0]: it is a dict, which is no Contact. Give it a Contact.",
    ]


def test_a_part_of_a_step_is_looked_at_too() -> None:
    step = ApplySql(
        name="add_column",
        script="up.sql",
        undo_script="down.sql",
        verify=[Verification(title=1, sql=2, expected=3)],
    )
    assert refused(on_production=[step]) == [
        'on_production[0].verify[0]: title is 1, which is no str. Write "1".',
        'on_production[0].verify[0]: sql is 2, which is no str. Write "2".',
    ]


def test_whole_numbers_are_numbers_and_a_list_may_be_a_tuple() -> None:
    assert faults_of(tags=["a"]) == faults_of(tags=("a",)) == []
    stage = replace(SOUND.strategies[0].stages[0], exposure=25)
    assert faults_of(strategies=[replace(SOUND.strategies[0], stages=[stage])]) == []


def test_one_wrong_value_hides_no_other_and_the_rest_waits() -> None:
    faults = refused(
        name="The Shop", risk="medum", title=1.5, after=[Duty(title="t", due="soon", owner=None)]
    )
    assert [fault.split(" which")[0] for fault in faults] == [
        "title: it is 1.5,",
        'risk: it is "medum",',
        'after[0] "t": due is "soon",',
        'after[0] "t": owner is None,',
    ]


@dataclass(frozen=True, kw_only=True)
class Own(Step):
    """A kind of a plan's own, whose types only a type checker can read in part."""

    kind: ClassVar[str] = "own"
    leaves_nothing: str = "it does nothing"
    order: "OrderedDict[str, str] | None" = None
    number: int = 0


def test_a_type_that_cannot_be_read_takes_anything_and_the_others_do_not() -> None:
    steps = [*SOUND.on_staging, Own(name="own", order=7)]
    assert faults_of(on_staging=steps) == []
    steps = [*SOUND.on_staging, Own(name="own", number="7")]
    assert faults_of(on_staging=steps) == [
        'on_staging[2] "own": number is "7", which is no int. Give it an int.'
    ]


class Odd:
    """Nothing that a plan could hold."""


def kinds() -> list[type[Any]]:
    """Return every dataclass of which a plan can be made."""
    registries = (steps.KINDS, checks.KINDS, checks.STEP_KINDS, metrics.KINDS, notices.KINDS)
    found: list[type[Any]] = [Plan, *(kind for registry in registries for kind in registry.values())]
    for kind in found:
        parts = [part for hint in get_type_hints(kind).values() for part in classes(hint)]
        found += [part for part in dict.fromkeys(parts) if is_dataclass(part) and part not in found]
    return found


def classes(hint: Any) -> Iterator[Any]:
    """Yield a type, and the types in its brackets."""
    yield hint
    for part in get_args(hint):
        yield from classes(part)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_no_typed_field_of_any_kind_takes_anything(kind: type[Any]) -> None:
    whole = object.__new__(kind)
    for field in fields(kind):
        object.__setattr__(whole, field.name, Odd())
    hints = get_type_hints(kind)
    typed = [field.name for field in fields(kind) if hints[field.name] is not Any]
    assert [fault.place for fault in types.faults(whole)] == typed


def test_all_that_a_fault_says_is_the_same_at_each_parse() -> None:
    assert "0x" not in "".join(refused(title=Odd(), owner=lambda: 1, on_staging=[object()], tags=iter("a")))
