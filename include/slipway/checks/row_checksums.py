"""Proof that no row was lost or changed: counts and checksums of tables before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from slipway.checks.query import quoted, rows_of
from slipway.kinds import Check, Step
from slipway.run import Evidence, Finding, Json, Run
from slipway.words import Answer


class Compared(StrEnum):
    """What must hold between the rows before and now."""

    EQUAL = "equal"
    EQUAL_UP_TO_LAST = "the rows that were there are unchanged; newer ones may follow"
    NO_ROWS_LOST = "no rows lost"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with what identifies a row and what of it is compared.

    :param key: a unique column whose new values are greater than all before (a serial number)
    :param columns: compared columns; name those that exist before and after the migration
    :param where: an SQL condition for the compared rows, e.g. without those that users change all the time
    :param users_change: so many rows may differ or be gone, because users change them meanwhile; a release
        that damages data does so to many more. Count on at most a hundred: parts are compared, not rows
    """

    name: str
    key: str
    columns: Sequence[str]
    where: str = ""
    users_change: int = 0


@dataclass(frozen=True, kw_only=True)
class TakeRowChecksums(Step):
    """Note how many rows tables have and their checksum, for a RowChecksums check later on."""

    tables: Sequence[Table]
    leaves_nothing: str = "it only looks"

    kind: ClassVar[str] = "take_row_checksums"
    needs: ClassVar[tuple[str, ...]] = ("database",)

    def do(self, run: Run) -> Evidence:
        """Read the tables once; a second try hands on what the first one noted."""
        taken = run.remember("tables", lambda: {table.name: take(run, table) for table in self.tables})
        rows = sum(noted["rows"] for noted in taken.values())
        summary = f"{len(taken)} tables, {rows} rows"
        return Evidence(proof={"tables": taken}, changed=False, summary=summary)


def take(
    run: Run, table: Table, up_to: Json = None, timeout: timedelta = timedelta(minutes=5)
) -> dict[str, Json]:
    """Return {"rows", "checksum", "last"} of a table, of the rows up to a key if given.

    Where users change rows there are "parts" too: the rows are dealt out to 256 parts by a hash of their key,
    and each part has a checksum, so that a row that changes makes one part differ.

    The checksum is the MD5 over the MD5 of each row's text, in the order of the key: it does not depend on
    how rows lie in the table, nor on a column's type as long as its text stays the same.
    """
    key, columns = quoted(table.key), ", ".join(quoted(column) for column in table.columns)
    conditions = [f"({table.where})"] if table.where else []
    conditions += [f"{key} <= %s"] if up_to is not None else []
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    row, values = f"md5(ROW({columns})::text)", None if up_to is None else [up_to]
    sql = (
        f"SELECT count(*), coalesce(md5(string_agg({row}, '' ORDER BY {key})), ''), max({key})::text "
        f"FROM {quoted(table.name)} {where}"
    )
    [[rows, checksum, last]] = rows_of(run, sql, values, timeout)
    taken = {"rows": rows, "checksum": checksum, "last": last}
    if not table.users_change:
        return taken
    sql = (
        f"SELECT left(md5({key}::text), 2), left(md5(string_agg({row}, '' ORDER BY {key})), 8) "
        f"FROM {quoted(table.name)} {where} GROUP BY 1"
    )
    return taken | {"parts": dict(rows_of(run, sql, values, timeout))}


@dataclass(frozen=True, kw_only=True)
class RowChecksums(Check):
    """Compare tables with what a TakeRowChecksums step noted earlier in this release.

    :param taken_by: that step's task, e.g. "production.take_row_checksums"
    :param tables: the same tables as there
    """

    taken_by: str
    tables: Sequence[Table]
    compared: Compared = Compared.EQUAL

    kind: ClassVar[str] = "row_checksums"
    needs: ClassVar[tuple[str, ...]] = ("database",)

    def probe(self, run: Run) -> Finding:
        """Read and compare; INCONCLUSIVE where nothing was noted for a table."""
        evidence = run.evidence(self.taken_by)
        noted: Mapping[str, Json] = evidence.proof.get("tables", {}) if evidence else {}
        missing = [table.name for table in self.tables if table.name not in noted]
        if missing or not self.tables:
            why = f"{self.taken_by} has noted nothing of {', '.join(missing) or 'any table'}"
            return Finding(answer=Answer.INCONCLUSIVE, summary=why)
        now = {table.name: take(run, table, self._up_to(noted[table.name])) for table in self.tables}
        return self.judge(noted, now)

    def _up_to(self, noted: Mapping[str, Json]) -> Json:
        # Of an empty table nothing can be lost; all rows are newer.
        return None if self.compared is Compared.EQUAL else noted["last"]

    def judge(self, noted: Mapping[str, Json], now: Mapping[str, Json]) -> Finding:
        """Compare counts and checksums; the summary names the first table that differs."""
        faults = [fault for name in now for fault in self._faults(name, noted[name], now[name])]
        before, after = ({name: _shown(of[name]) for name in now} for of in (noted, now))
        evidence = {"compared": str(self.compared), "before": before, "now": after, "faults": faults}
        if faults:
            return Finding(answer=Answer.FAIL, summary=faults[0], evidence=evidence)
        rows = sum(table["rows"] for table in now.values())
        changed = [said for name in now if (said := self._changed(name, noted[name], now[name]))]
        summary = "; ".join([f"{len(now)} tables, {rows} rows: {self.compared}", *changed])
        return Finding(answer=Answer.PASS, summary=summary, evidence=evidence)

    def _faults(self, name: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> list[str]:
        if before["last"] is None and self.compared is not Compared.EQUAL:
            return []
        if most := sum(table.users_change for table in self.tables if table.name == name):
            return _beyond(most, name, before, now, only_lost=self.compared is Compared.NO_ROWS_LOST)
        lost = before["rows"] - now["rows"]
        if lost > 0:
            return [f"{name}: {lost} of {before['rows']} rows are gone"]
        if self.compared is Compared.NO_ROWS_LOST:
            return []
        if lost < 0:
            return [f"{name}: {now['rows']} rows, {before['rows']} before"]
        same = before["checksum"] == now["checksum"]
        return [] if same else [f"{name}: {now['rows']} rows as before, but their content differs"]

    def _changed(self, name: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> str:
        """Say what differs and is allowed, because users change it."""
        most = sum(table.users_change for table in self.tables if table.name == name)
        lost = before["rows"] - now["rows"]
        differ = 0 if self.compared is Compared.NO_ROWS_LOST else _differing(before, now)
        if not most or before["last"] is None or (lost <= 0 and not differ):
            return ""
        return f"{name}: {max(lost, 0)} rows gone and {differ} parts changed, as users may ({most})"


def _beyond(
    most: int, name: str, before: Mapping[str, Json], now: Mapping[str, Json], *, only_lost: bool
) -> list[str]:
    """Return what is more than users change: rows that are gone, or parts that differ.

    Of a small table they do not change all: half of the rows at the most.
    """
    most = min(most, before["rows"] // 2)
    lost = before["rows"] - now["rows"]
    if lost > most:
        return [f"{name}: {lost} of {before['rows']} rows are gone"]
    if only_lost:
        return []
    differ = _differing(before, now)
    return [f"{name}: the content of more than {most} rows differs ({differ} parts)"] if differ > most else []


def _differing(before: Mapping[str, Json], now: Mapping[str, Json]) -> int:
    parts, others = before.get("parts") or {}, now.get("parts") or {}
    return sum(parts.get(part) != others.get(part) for part in {*parts, *others})


def _shown(taken: Mapping[str, Json]) -> dict[str, Json]:
    return {what: value for what, value in taken.items() if what != "parts"}
