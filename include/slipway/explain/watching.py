"""The sections on watching: the rollout's stages and the window after them."""

from collections.abc import Iterator, Mapping, Sequence

from slipway.explain.outline import Block, Bullets, Section, Table, Text
from slipway.explain.wording import limit_in_words, settings, titles_of
from slipway.graph import ReleaseGraph
from slipway.kinds import Check, Checklist, in_words
from slipway.plan import Plan, Stage
from slipway.prove.wording import spoken
from slipway.watching import Missing, Threshold

MEANWHILE = (
    "While people answer, production is watched by the same limits. One that ends a watch closes the forms, "
    "and so does a form that says no."
)


def watch(plan: Plan) -> Iterator[Section]:
    """Yield what is sampled, what is too much, and when it is looked at."""
    metrics = [
        (each.heading, settings(each) or each.kind.replace("_", " "), each.unit or "-", each.source)
        for each in plan.watch.metrics
    ]
    yield Section(
        2,
        "Watch",
        [
            Text(f"Production is watched for {spoken(plan.watch.length)}, " + _sampling(plan)),
            Table(("Metric", "What", "Unit", "From"), metrics),
            _thresholds(plan, plan.watch.thresholds),
            *_schedule(plan),
        ],
    )


def rollout(graph: ReleaseGraph) -> Iterator[Section]:
    """Yield each strategy with its stages."""
    plan, titles = graph.plan, titles_of(graph)
    for each in plan.strategies:
        rows = [_stage(stage, titles) for stage in each.stages]
        blocks: list[Block] = [Table(("Stage", "Exposure", "Does", "Watched", "Then"), rows)]
        for stage in each.stages:
            if stage.thresholds:
                blocks += [Text(f"Limits of {stage.title} besides:"), _thresholds(plan, stage.thresholds)]
            blocks += _look_at(stage.title, stage.look_at)
            for item in stage.require:
                if isinstance(item, Checklist):
                    blocks += [Text(f"Checklist: {item.heading}."), Bullets(list(item.items))]
            if any(isinstance(item, Checklist) for item in stage.require):
                blocks.append(Text(MEANWHILE))
        yield Section(2, f"Rollout: {each.strategy}", [Text(each.title), *blocks])


def _sampling(plan: Plan) -> str:
    watch = plan.watch
    return (
        f"sampled every {spoken(watch.sample_every)}. A checkpoint with fewer than "
        f"{watch.minimum_good_samples} good samples of a metric is inconclusive; "
        f"{watch.inconclusive_checkpoints} of those in a row, or {watch.consecutive_errors} failed readings "
        f"in a row, are {watch.on_no_data}. If all could be read and merely too little happened, they are "
        f"{watch.on_quiet}."
    )


def _stage(stage: Stage, titles: Mapping[str, str]) -> tuple[str, ...]:
    who = f"{stage.exposure:g} %" + (f" ({stage.audience})" if stage.audience else "")
    said = [(step.heading, settings(step, titles)) for step in stage.steps]
    does = "; ".join(f"{heading} ({own})" if own else heading for heading, own in said)
    watched = f"{spoken(stage.soak)}, every {spoken(stage.every)}"
    then = "; ".join(_required(item) for item in stage.require)
    return stage.title, who, does or "-", watched, then or "-"


def _required(item: Check | Checklist) -> str:
    return f"{item.heading} (if not: {severities_of(item)})" if item.blocking else item.heading


def severities_of(item: Check | Checklist) -> str:
    """Return what a blocking check or checklist is that says no, and what it is without an answer."""
    if isinstance(item, Checklist):
        return f"{item.on_failure}; {item.on_unknown} unanswered" if item.on_unknown else str(item.on_failure)
    return f"{graded(item)}; {item.on_unknown} where it cannot tell" if item.on_unknown else graded(item)


def _thresholds(plan: Plan, thresholds: Sequence[Threshold]) -> Table:
    metrics = {metric.name: metric for metric in plan.watch.metrics}
    rows = []
    for each in thresholds:
        metric = metrics.get(each.metric)
        title, unit = (metric.heading, metric.unit) if metric else (in_words(each.metric), "")
        limit = limit_in_words(each, unit, metrics.get(each.versus))
        if metric and metric.newest:
            limit += ", by the newest reading alone"
        decides = "only observed" if each.observe_only else graded(each)
        missing = "inconclusive" if each.missing is Missing.INCONCLUSIVE else str(each.missing)
        rows.append((title, limit, decides, missing))
    return Table(("Metric", "Too much", "Severity", "Without data"), rows)


def graded(item: Threshold | Check) -> str:
    """Return the severity of a breach, with the scenario that picks the row of the matrix."""
    severity = item.severity if isinstance(item, Threshold) else item.on_failure
    return f"{severity} ({item.scenario.replace('_', ' ')})" if item.scenario else str(severity)


def _schedule(plan: Plan) -> Iterator[Block]:
    rows = [(row.title or "-", spoken(row.interval), spoken(row.until)) for row in plan.watch.checkpoints]
    yield Table(("Part", "Checkpoint every", "Until"), rows)
    for row in plan.watch.checkpoints:
        yield from _look_at(row.title or f"until {spoken(row.until)}", row.look_at)


def _look_at(during: str, items: Sequence[str]) -> Iterator[Block]:
    if items:
        yield Text(f"People look at, {during}:")
        yield Bullets(list(items))
