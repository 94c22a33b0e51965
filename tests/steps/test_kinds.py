import re
from pathlib import Path

import pytest

from slipway.kinds import Step
from slipway.steps import KINDS

DOCS = Path(__file__).parents[2] / "docs" / "steps"


def test_a_kind_is_named_after_its_class() -> None:
    for name, kind in KINDS.items():
        assert name == re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_has_a_page_with_an_example(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text()
    assert f"{KINDS[name].__name__}(" in page
    assert "## Undo" in page


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_does_and_undoes(name: str) -> None:
    assert KINDS[name].do is not Step.do
    assert KINDS[name].undo is not Step.undo
