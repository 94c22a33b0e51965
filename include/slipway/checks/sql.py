"""One value, or the rows, of a query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.checks.query import rows_of
from slipway.kinds import Check
from slipway.run import Finding, Json, Run
from slipway.words import Answer

SHOWN = 20  # rows that evidence keeps


@dataclass(frozen=True, kw_only=True)
class SqlCheck(Check):
    """Run a query in a read-only transaction and compare its one value, or its rows.

    Give `equals`, `at_least`, `at_most` (these two together make a range) or `rows`; a NULL or no row where
    a value is compared is INCONCLUSIVE.

    :param parameters: for the placeholders %s or %(name)s of the query
    :param rows: all rows that the query must return, in order
    """

    sql: str
    parameters: Sequence[Json] | Mapping[str, Json] | None = None
    equals: Json = None
    at_least: float | None = None
    at_most: float | None = None
    rows: Sequence[Sequence[Json]] | None = None
    timeout: timedelta = timedelta(seconds=30)

    kind: ClassVar[str] = "sql"
    needs: ClassVar[tuple[str, ...]] = ("database",)

    def probe(self, run: Run) -> Finding:
        """Query and compare. Raises DatabaseUnreachable, DatabaseRefused and the database's own errors."""
        found = rows_of(run, self.sql, self.parameters, self.timeout)
        return self.judge(found)

    def judge(self, found: Sequence[Sequence[Json]]) -> Finding:
        """Compare rows with what is expected."""
        if self.rows is not None:
            return self._judge_rows(found)
        value = found[0][0] if found and found[0] else None
        evidence = {"sql": self.sql, "value": value, "expected": self._expected()}
        if len(found) > 1:
            summary = f"the query returned {len(found)} rows, one value is expected"
            return Finding(answer=Answer.FAIL, summary=summary, evidence=evidence)
        if value is None:
            return Finding(
                answer=Answer.INCONCLUSIVE, summary="the query returned no value", evidence=evidence
            )
        good = self._fits(value)
        summary = f"{value}, as expected ({self._expected()})" if good else f"{value}, not {self._expected()}"
        return Finding(answer=Answer.PASS if good else Answer.FAIL, summary=summary, evidence=evidence)

    def _judge_rows(self, found: Sequence[Sequence[Json]]) -> Finding:
        wanted, got = [list(row) for row in self.rows or ()], [list(row) for row in found]
        evidence = {"sql": self.sql, "count": len(got), "rows": got[:SHOWN], "expected": wanted[:SHOWN]}
        if wanted == got:
            return Finding(answer=Answer.PASS, summary=f"{len(got)} rows as expected", evidence=evidence)
        pairs = list(zip(wanted, got, strict=False))
        first = next((number for number, (a, b) in enumerate(pairs, 1) if a != b), None)
        where = f"row {first} differs" if first else f"{len(got)} rows, expected {len(wanted)}"
        return Finding(answer=Answer.FAIL, summary=where, evidence=evidence)

    def _fits(self, value: Json) -> bool:
        if self.equals is not None and value != self.equals:
            return False
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    def _expected(self) -> str:
        parts = [f"{self.equals}"] if self.equals is not None else []
        parts += [f"at least {self.at_least:g}"] if self.at_least is not None else []
        parts += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        return " and ".join(parts) or "any value"
