"""What the docs say is there: pages, links, examples, tests and plans."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway import checks, metrics, steps

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
BY_NAME = {str(page.relative_to(ROOT)): page for page in PAGES}
KINDS = [("steps", kind, cls.__name__) for kind, cls in steps.KINDS.items()]
KINDS += [("checks", kind, cls.__name__) for kind, cls in checks.KINDS.items()]
KINDS += [("metrics", kind, cls.__name__) for kind, cls in metrics.KINDS.items()]


def examples(page: Path) -> list[str]:
    """Return the Python examples of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def without_code(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Give file and anchor of every relative link of a page."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            yield (page.parent / name).resolve() if name else page, anchor


def anchors(page: Path) -> set[str]:
    """Return what a link may name in a page: its headings, in lower case, words joined by hyphens."""
    headings = re.findall(r"^#+ (.*)$", without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("folder", "kind", "name"), KINDS)
def test_every_kind_has_a_page_with_an_example_and_stands_in_the_index(
    folder: str, kind: str, name: str
) -> None:
    page = DOCS / folder / f"{kind}.md"
    assert any(f"{name}(" in example for example in examples(page))
    assert f"[{name}]({folder}/{kind}.md)" in (DOCS / "README.md").read_text()


@pytest.mark.parametrize("name", [cls.__name__ for cls in checks.STEP_KINDS.values()])
def test_a_step_that_serves_a_check_is_shown_on_the_page_of_that_check(name: str) -> None:
    pages = (DOCS / "checks").glob("*.md")
    assert any(f"{name}(" in example for page in pages for example in examples(page))


@pytest.mark.parametrize("plan", sorted(path.stem for path in (ROOT / "dags").glob("*.py")))
def test_every_plan_has_a_page_and_stands_in_the_index(plan: str) -> None:
    assert plan in (DOCS / "plans" / f"{plan}.md").read_text()
    assert f"[{plan}](plans/{plan}.md)" in (DOCS / "README.md").read_text()


@pytest.mark.parametrize("name", BY_NAME)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    broken = [
        f"{target.name}#{anchor}"
        for target, anchor in links(BY_NAME[name])
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            left += [target for target, _ in links(page) if target in PAGES]
    assert sorted(set(PAGES) - reached) == []


@pytest.mark.parametrize("name", [name for name, page in BY_NAME.items() if examples(page)])
def test_every_python_example_compiles(name: str) -> None:
    for example in examples(BY_NAME[name]):
        compile(example, name, "exec")


def test_every_test_that_the_invariants_name_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "safety.md").read_text()))
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert len(named) > 20
    assert sorted(named - there) == []


def test_every_page_that_the_code_names_is_there() -> None:
    files = [file for folder in ("include", "dags") for file in (ROOT / folder).rglob("*.py")]
    named = {name for file in files for name in re.findall(r"\bdocs/[\w/-]+\.md", file.read_text())}
    assert "docs/connections.md" in named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_decisions_are_numbered_without_a_gap() -> None:
    files = sorted(path.name for path in (DOCS / "adr").glob("*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    for name in files:
        assert (DOCS / "adr" / name).read_text().startswith(f"# {int(name[:4])}. ")
