"""Titles that can be told apart: a task of a stage says its stage where another task is called the same."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from slipway.graph import Node
from slipway.plan import Rollout
from slipway.words import Phase

TOGETHER = (Phase.PRODUCTION, Phase.ROLLOUT)  # their steps are undone in one row


def told_apart(nodes: Sequence[Node], strategies: Iterable[Rollout]) -> list[Node]:
    """Return the nodes with titles that differ within production and rollout.

    The stage's title is put behind, and its strategy where that title stands in several strategies. A title
    that stands once stays as the plan has it.
    """
    often = Counter(node.title for node in nodes if node.phase in TOGETHER)
    stages = _stages(strategies)
    return [
        replace(node, title=_with_stage(node, *stages[node.stage]))
        if node.stage in stages and often[node.title] > 1
        else node
        for node in nodes
    ]


def _stages(strategies: Iterable[Rollout]) -> dict[str, tuple[str, str]]:
    """Return the title of each stage, and its strategy if another strategy has a stage of that title."""
    found = [(stage, rollout.strategy) for rollout in strategies for stage in rollout.stages]
    of_title: dict[str, set[str]] = {}
    for stage, strategy in found:
        of_title.setdefault(stage.title, set()).add(strategy)
    return {
        stage.name: (stage.title, strategy if len(of_title[stage.title]) > 1 else "")
        for stage, strategy in found
    }


def _with_stage(node: Node, stage: str, strategy: str) -> str:
    said = ["" if node.title.endswith(stage) else stage, strategy]  # "Watch <stage>" has it already
    return f"{node.title} ({', '.join(part for part in said if part) or node.stage})"
