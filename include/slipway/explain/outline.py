"""What an explanation consists of; Markdown and terminal lay out the same blocks."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows under a head; every row has as many cells as the head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Text | Bullets | Table


@dataclass(frozen=True)
class Section:
    """A heading (1 is the highest) and what stands below it."""

    level: int
    title: str
    blocks: Sequence[Block]
