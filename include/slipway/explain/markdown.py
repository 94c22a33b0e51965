"""A release graph as Markdown: the DAG's documentation in the UI."""

import re
from collections.abc import Sequence

from slipway.explain.outline import Block, Bullets, Table, Text
from slipway.explain.sections import sections
from slipway.graph import ReleaseGraph

# An underscore inside a word, as in a connection id, is no emphasis.
_SPECIAL = re.compile(r"[\\<*`\[]|(?<!\w)_|_(?!\w)")


def markdown(graph: ReleaseGraph) -> str:
    """Return what a release does, the same text every time."""
    parts = []
    for section in sections(graph):
        parts.append(f"{'#' * section.level} {_plain(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text(text):
            return _plain(text)
        case Bullets(items):
            return "\n".join(f"- {_plain(item)}" for item in items)
        case Table(head, rows):
            return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)]) if rows else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in cells) + " |"


def _plain(text: str) -> str:
    """Return text on one line in which nothing starts HTML, emphasis or a link by accident."""
    text = " ".join(text.split())
    return _SPECIAL.sub(r"\\\g<0>", text)
