"""Queries that prove a migration; a wrong answer fails its step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from slipway.run import Json
from slipway.steps.faults import WrongAnswer

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A query and its expected answer.

    :param expected: one value (first column of the first row, None without a row), or a list of rows,
        each a list of values; dates and other types are compared as text
    :param only_new: holds only as long as nobody has used what the step made, e.g. that a table is empty; not
        asked where an earlier release had made it
    """

    title: str
    sql: str
    expected: Json
    only_new: bool = False


def verify(
    queries: Sequence[Verification],
    session: psycopg.Connection[Any],
    log: logging.Logger,
    *,
    new: bool,
    kept: bool = True,
) -> list[dict[str, Json]]:
    """Ask every query and return the answers by title. Raises WrongAnswer at the first wrong one.

    :param new: whether this release made what they ask about
    :param kept: whether that stays after a wrong answer; False inside the transaction that made it
    """
    answers = []
    for query in queries:
        if query.only_new and not new:
            log.info("Not asked: %s. An earlier release has made it, and it is in use", query.title)
            continue
        found = _answer(query, session)
        if found != query.expected:
            raise WrongAnswer(query.title, query.sql, query.expected, found, kept=new and kept)
        log.info("Verified: %s: %s, as expected", query.title, found)
        answers.append({"title": query.title, "answer": found})
    return answers


def _answer(query: Verification, session: psycopg.Connection[Any]) -> Json:
    rows = [[plain(value) for value in row] for row in session.execute(query.sql)]
    if isinstance(query.expected, list | tuple):
        return rows
    return rows[0][0] if rows else None


def plain(value: object) -> Json:
    """Return a database value as JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return str(value)
