"""The terminal says what the Markdown says."""

import io

from rich.console import Console
from tests.prove.plans import SOUND, but

from slipway.compile import compile_plan
from slipway.explain import terminal
from slipway.explain.outline import Bullets, Table, Text
from slipway.explain.sections import sections


def printed(width: int, **changes: str) -> str:
    out = io.StringIO()
    terminal(compile_plan(but(**changes)), Console(file=out, width=width))
    return out.getvalue()


def test_every_section_and_every_cell_is_printed() -> None:
    text = " ".join(printed(width=400).split())
    for section in sections(compile_plan(SOUND)):
        assert section.title in text
        for block in section.blocks:
            match block:
                case Text(said):
                    assert " ".join(said.split()) in text
                case Bullets(items):
                    assert all(f"- {item}" in text for item in items)
                case Table(_, rows):
                    assert all(cell in text for row in rows for cell in row)


def test_no_line_is_wider_than_the_terminal() -> None:
    assert max(len(line) for line in printed(width=80).splitlines()) <= 80


def test_brackets_in_a_plan_are_printed_and_not_taken_for_markup() -> None:
    assert "The [bold]new[/bold] shop" in printed(width=120, title="The [bold]new[/bold] shop")
