"""In no plan are two tasks of a phase called the same."""

from collections import Counter
from pathlib import Path

import pytest

from slipway.compile import compile_plan
from slipway.plans_cli.loading import load_named

DAGS = Path(__file__).parents[2] / "dags"


@pytest.mark.parametrize("name", sorted(path.stem for path in DAGS.glob("*.py")))
def test_no_two_tasks_of_a_phase_have_the_same_title(name: str) -> None:
    plan = load_named(name, DAGS).plan
    assert plan is not None
    often = Counter((node.phase, node.title) for node in compile_plan(plan).nodes)
    assert [title for title, count in often.items() if count > 1] == []
