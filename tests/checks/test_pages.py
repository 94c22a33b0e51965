"""Every kind of check and metric has its page, and the page's example is true."""

import re
from pathlib import Path

import pytest

from slipway import checks, metrics, plan, watching, words

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {
    **vars(plan),
    **vars(watching),
    **vars(words),
    **{name: getattr(module, name) for module in (checks, metrics) for name in module.__all__},
}


@pytest.mark.parametrize(
    ("folder", "kind", "cls"),
    [
        (folder, *item)
        for folder, kinds in (("checks", checks.KINDS), ("metrics", metrics.KINDS))
        for item in kinds.items()
    ],
)
def test_every_kind_has_a_page_whose_example_can_be_made(folder: str, kind: str, cls: type) -> None:
    page = (DOCS / folder / f"{kind}.md").read_text()
    assert cls.__name__ in page.splitlines()[0]
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, f"docs/{folder}/{kind}.md", "exec"), dict(NAMES))
