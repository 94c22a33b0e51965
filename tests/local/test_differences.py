"""What a demo says that a release changed."""

from copy import deepcopy
from typing import Any

from slipway.local.differences import differences

TASKS = {"rows": 3, "columns": {"id": "a1", "title": "b1", "status": "c1"}}
BEFORE = {
    "version": "v1",
    "schema": "5ef9",
    "flags": {"undo": {"enabled": False}},
    "tables": {"tasks": TASKS, "goals": {**TASKS}},  # equal: a change of one must not be told of the other
}


def after(**tasks: Any) -> dict[str, Any]:
    """The fingerprint after something became of the tasks; the other table shares its checksums."""
    changed: dict[str, Any] = deepcopy(BEFORE)
    changed["tables"]["tasks"] |= tasks
    return changed


def test_nothing_differs_from_itself() -> None:
    assert differences(BEFORE, deepcopy(BEFORE)) == []


def test_a_new_column_leaves_the_rows_unchanged() -> None:
    columns = {"id": "a1", "estimate": "x", "title": "b1", "status": "c1", "undone": "y"}
    assert differences(BEFORE, after(columns=columns)) == [
        "tables.tasks: 3 rows unchanged; columns added: estimate, undone"
    ]


def test_other_values_are_told_by_their_columns() -> None:
    columns = {"id": "a1", "title": "b2", "status": "c2", "estimate": "x"}
    assert differences(BEFORE, after(columns=columns)) == [
        "tables.tasks: 3 rows, other values in: title, status; columns added: estimate"
    ]


def test_a_column_that_is_gone_is_told() -> None:
    assert differences(BEFORE, after(columns={"id": "a1", "title": "b1"})) == [
        "tables.tasks: 3 rows unchanged; columns removed: status"
    ]


def test_rows_that_came_or_went_are_told_by_their_number() -> None:
    columns = {"id": "a2", "title": "b2", "status": "c2"}
    assert differences(BEFORE, after(rows=1, columns=columns)) == ["tables.tasks: 3 -> 1 row"]


def test_tables_that_are_new_or_gone_are_told_with_their_rows() -> None:
    now = after()
    now["tables"]["undo_stack"] = {"rows": 0, "columns": {"id": "d4"}}
    del now["tables"]["goals"]
    assert differences(BEFORE, now) == ["tables.goals: gone, it had 3 rows", "tables.undo_stack: new"]


def test_what_is_no_table_is_told_by_value() -> None:
    now = {**deepcopy(BEFORE), "version": "v2", "flags": {"undo": {"enabled": True, "percentage": 100}}}
    assert differences(BEFORE, now) == [
        "version: v1 -> v2",
        "flags.undo.enabled: False -> True",
        "flags.undo.percentage: None -> 100",
    ]
