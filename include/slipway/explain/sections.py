"""The sections of an explanation, in the order in which a release goes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from slipway.environment import ROLES
from slipway.explain.outline import Block, Bullets, Section, Table, Text
from slipway.explain.watching import MEANWHILE, rollout, severities_of, watch
from slipway.explain.wording import action_in_words, settings, titles_of, undo_in_words
from slipway.graph import Kind, Node, ReleaseGraph
from slipway.kinds import Check, Checklist, Step
from slipway.plan import Duty, Notice, Plan, Procedure
from slipway.prove.wording import spoken
from slipway.words import Phase

_BEFORE_PRODUCTION = (Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION)
DUTY = ("Duty", "Due after", "Owner")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def sections(graph: ReleaseGraph) -> list[Section]:
    """Return the whole explanation; sections that a plan leaves out are left out."""
    plan = graph.plan
    found = [
        Section(1, plan.title, [Text(plan.summary), *_facts(plan)]),
        Section(2, "Environments", [_environments(plan)]),
        Section(2, "Schedule", [_schedule(plan)] if plan.schedule else []),
        Section(2, "Allowed windows", [Bullets(list(_windows(plan)))] if plan.windows else []),
        Section(2, "Trigger parameters", [_parameters(plan)]),
        _phase(graph, Phase.PREFLIGHT, "Preflight"),
        _phase(graph, Phase.STAGING, "Staging"),
        _phase(graph, Phase.VALIDATION, "Validation on staging"),
        Section(2, "Gate", list(_gate(graph))),
        _phase(graph, Phase.PRODUCTION, "Production"),
        _phase(graph, Phase.VERIFICATION, "Verification"),
        *rollout(graph),
        *watch(plan),
        Section(2, "Decision matrix", [_matrix(plan)]),
        Section(2, "Rollback", list(_rollback(graph))),
        *_people(plan),
    ]
    return [section for section in found if section.blocks]


def _facts(plan: Plan) -> Iterator[Block]:
    facts = {
        "Risk": str(plan.risk),
        "Owner": plan.owner,
        "Replaces": plan.document,
        "Tags": ", ".join(plan.tags),
    }
    yield Bullets([f"{name}: {value}" for name, value in facts.items() if value])


def _environments(plan: Plan) -> Table:
    both = (plan.staging, plan.production)
    rows = [(role, *(where.connection(role) or "-" for where in both)) for role in ROLES]
    given = [row for row in rows if row[1:] != ("-", "-")]
    return Table(("Airflow connection", *(where.label for where in both)), given)


def _schedule(plan: Plan) -> Table:
    several = any(line.day for line in plan.schedule)
    rows = [
        (
            f"{f'day {line.day + 1}, ' if several else ''}{line.begins:%H:%M} ({line.timezone})",
            line.title,
            spoken(line.lasts) if line.lasts else "-",
            line.owner or "-",
        )
        for line in plan.schedule
    ]
    return Table(("Begins", "Stage", "Lasts", "Owner"), rows)


def _windows(plan: Plan) -> Iterator[str]:
    for window in plan.windows:
        title = f"{window.title}: " if window.title else ""
        days = ", ".join(DAYS[day] for day in window.days)
        yield f"{title}{days}, {window.start:%H:%M} to {window.end:%H:%M} ({window.timezone})"


def _parameters(plan: Plan) -> Table:
    strategies = [each.strategy for each in plan.strategies]
    rows = [
        ("version", "", "The version to deploy"),
        ("intent", "release", "release, or roll_back to undo the last released release"),
    ]
    if strategies:
        rows.append(("strategy", strategies[0], f"How it is exposed: {', '.join(strategies)}"))
    if plan.procedures:
        names = ", ".join(each.name for each in plan.procedures)
        rows.append(("procedure", "", f"For roll_back, how far: {names}; everything if empty"))
    rows += [
        *((each.name, str(each.default), each.description) for each in plan.parameters),
        ("pace", "1", "Divides every waiting time, for rehearsals"),
        ("break_glass", "", "A reason to release outside the allowed windows"),
    ]
    return Table(("Parameter", "Default", "Meaning"), rows)


def _phase(graph: ReleaseGraph, phase: Phase, title: str) -> Section:
    return Section(2, title, list(blocks_of(graph.of_phase(phase), titles_of(graph))))


def blocks_of(nodes: Sequence[Node], titles: Mapping[str, str]) -> Iterator[Block]:
    """Yield tables of the steps, checks and checklists among some nodes.

    :param titles: of the tasks that their settings may name
    """
    steps = [node.item for node in nodes if node.kind is Kind.STEP and isinstance(node.item, Step)]
    checks = [node for node in nodes if node.kind is Kind.CHECK]
    if steps:
        numbered = enumerate(steps, 1)
        rows = [
            (str(n), step.heading, _kind(step, titles), undo_in_words(step), _planned(step))
            for n, step in numbered
        ]
        yield Table(("", "Step", "What", "Undo", "Planned"), rows)
        if total := sum((step.planned or timedelta(0) for step in steps), timedelta(0)):
            yield Text(f"Planned altogether: {spoken(total)}.")
    if checks:
        yield Table(("Check", "What", "Where", "If not"), [_check(node, titles) for node in checks])
    for node in nodes:
        if isinstance(node.item, Checklist):
            yield Text(_checklist(node))
            yield Bullets(list(node.item.items))
    if any(node.kind is Kind.WATCH for node in nodes):
        yield Text(MEANWHILE)


def _kind(item: Step | Check, titles: Mapping[str, str]) -> str:
    kind = item.kind.replace("_", " ")
    own = settings(item, titles)
    return f"{kind} ({own})" if own else kind


def _planned(step: Step) -> str:
    return spoken(step.planned) if step.planned else "-"


def _check(node: Node, titles: Mapping[str, str]) -> tuple[str, ...]:
    check, where = node.item, node.environment
    assert isinstance(check, Check)
    fails = "it is only shown"
    if check.blocking:
        fails = "the release stops" if node.phase in _BEFORE_PRODUCTION else severities_of(check)
    return check.heading, _kind(check, titles), where.name if where else "-", fails


def _checklist(node: Node) -> str:
    item = node.item
    assert isinstance(item, Checklist)
    people = f", answered by {', '.join(item.people)}" if item.people else ""
    fails = "an unticked item is only listed"
    if item.blocking:
        stops = node.phase in _BEFORE_PRODUCTION
        fails = "an unticked item stops the release" if stops else f"an unticked item is {item.on_failure}"
    if item.on_unknown:
        fails += f"; unanswered it is {item.on_unknown}"
    return f"Checklist: {item.heading}{people} ({fails})."


def _gate(graph: ReleaseGraph) -> Iterator[Block]:
    gate, titles = graph.plan.gate, titles_of(graph)
    evidence = [
        (each.text, "; ".join(titles.get(name, name) for name in each.checks)) for each in gate.criteria
    ]
    yield Text(gate.question)
    approvals = [(each.role, ", ".join(each.people)) for each in gate.approvals]
    yield Table(("Approval", "Any one of"), approvals)
    yield Table(("Criterion", "Evidence"), evidence)
    yield Bullets(
        [
            f"No answer within {spoken(gate.timeout)} is a NO-GO.",
            f"It can be put off by at most {spoken(gate.defer_at_most)}.",
            "Whoever triggers the release "
            + ("may approve it." if gate.requester_may_approve else "may not approve it."),
            *([f"Escalation: {gate.escalation}"] if gate.escalation else []),
        ]
    )


def _matrix(plan: Plan) -> Table:
    titles = {procedure.name: procedure.title for procedure in plan.procedures}
    rows = [
        (
            f"{rule.severity} ({rule.scenario.replace('_', ' ')})" if rule.scenario else str(rule.severity),
            action_in_words(rule, titles),
            spoken(rule.within) if rule.within else "at once",
        )
        for rule in plan.matrix.rules
    ]
    return Table(("Severity", "Action", "Within"), rows)


def _rollback(graph: ReleaseGraph) -> Iterator[Block]:
    plan, titles = graph.plan, titles_of(graph)
    yield Text("Undone is what ran, newest first, in this order at the most:")
    yield Bullets([node.title for node in graph.of_kind(Kind.UNDO, Kind.RESTORE)])
    if plan.procedures:
        rows = [
            (
                each.title,
                f"back to: {_oldest(each, titles)}" if each.back_to else "everything",
                f"{each.restore.heading}, up to {spoken(each.restore_within)} after the backup"
                if each.restore
                else "-",
                spoken(each.within) if each.within else "-",
                each.note or "-",
            )
            for each in plan.procedures
        ]
        yield Table(("Procedure", "Reach", "Restores", "Within", "Note"), rows)
    checks = [node for node in graph.of_phase(Phase.ROLLBACK) if node.kind is Kind.CHECK]
    yield from blocks_of(checks, titles)


def _oldest(procedure: Procedure, titles: Mapping[str, str]) -> str:
    name = procedure.back_to
    return titles.get(f"{Phase.PRODUCTION}.{name}") or titles.get(name, name)


def _people(plan: Plan) -> Iterator[Section]:
    notices = [_notice(each) for each in plan.notices]
    contacts = [(each.role, each.name, each.contact) for each in plan.contacts]
    for title, head, rows in (
        ("Notices", ("Moment", "Audience", "Channels", "Message"), notices),
        ("Contacts", ("Role", "Name", "Contact"), contacts),
        ("After the release", DUTY, [_duty(each) for each in plan.after]),
        ("After a rollback", DUTY, [_duty(each) for each in plan.after_rollback]),
    ):
        yield Section(2, title, [Table(head, rows)] if rows else [])


def _duty(duty: Duty) -> tuple[str, ...]:
    return duty.title, spoken(duty.due) if duty.due else "at once", duty.owner


def _notice(notice: Notice) -> tuple[str, ...]:
    within = f", within {spoken(notice.within)}" if notice.within else ""
    channels = ", ".join(channel.address for channel in notice.channels)
    said = " ".join(notice.text.split())
    return f"{notice.when}{within}", notice.audience, channels, f"{notice.subject}: {said}"
