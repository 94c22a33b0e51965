"""Every kind of channel has its page, and the page's example is true."""

import re
from pathlib import Path

import pytest

from slipway import notices, plan
from slipway.channel import Channel
from slipway.letter import PLACEHOLDERS
from slipway.notices.status_page import IncidentStatus

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {
    **vars(plan),
    **{name: getattr(notices, name) for name in notices.__all__},
    "IncidentStatus": IncidentStatus,
}


def examples(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("kind", notices.KINDS)
def test_every_channel_has_a_page_whose_example_can_be_made(kind: str) -> None:
    page, cls = DOCS / "notices" / f"{kind}.md", notices.KINDS[kind]
    assert page.read_text().startswith(f"# {cls.__name__}\n")
    assert any(f"{cls.__name__}(" in example for example in examples(page))
    for example in examples(page):
        exec(compile(example, page.name, "exec"), dict(NAMES))
    index = (DOCS / "README.md").read_text()
    assert f"[{cls.__name__}](notices/{kind}.md)" in index


def test_the_page_of_notices_names_every_moment_and_every_fact() -> None:
    page = (DOCS / "notices.md").read_text()
    for example in examples(DOCS / "notices.md"):
        exec(compile(example, "notices.md", "exec"), dict(NAMES))
    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in page] == []
    assert [each.name for each in plan.Moment if f"`{each.name}`" not in page] == []


@pytest.mark.parametrize("kind", notices.KINDS)
def test_a_channel_is_named_after_its_class_and_sends(kind: str) -> None:
    cls = notices.KINDS[kind]
    assert kind == re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
    assert cls.send is not Channel.send
    assert cls.connection_type
