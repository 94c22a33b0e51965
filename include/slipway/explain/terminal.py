"""A release graph as a page in the terminal."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text as Line

from slipway.explain.outline import Block, Bullets, Table, Text
from slipway.explain.sections import sections
from slipway.graph import ReleaseGraph


def terminal(graph: ReleaseGraph, console: Console) -> None:
    """Print what a release does."""
    for section in sections(graph):
        style = "bold cyan" if section.level == 1 else "bold"
        console.print(Rule(Line(section.title, style=style), align="left", characters="-"))
        for block in section.blocks:
            console.print(Padding(_block(block), (0, 0, 1, 2)))


def _block(block: Block) -> RenderableType:
    match block:
        case Text(text):
            return Line(text)
        case Bullets(items):
            return Group(*(Line(f"- {item}") for item in items))
        case Table(head, rows):
            return _grid(head, rows) if rows else Line("")


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="italic", show_edge=False)
    for title in head:
        grid.add_column(title, overflow="fold")
    for row in rows:
        grid.add_row(*(Line(cell) for cell in row))
    return grid
