"""Checks that query the database, against a real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from slipway.checks import Compared, RowChecksums, SqlCheck, Table, TakeRowChecksums, run_check
from slipway.testing import LocalRun
from slipway.words import Answer

Session = psycopg.Connection[Any]
PLANS = Table(name="plans", key="id", columns=["id", "title"])


@pytest.mark.parametrize(
    ("given", "answer", "summary"),
    [
        ({"sql": "SELECT 18", "equals": 18}, "PASS", "18, as expected (18)"),
        ({"sql": "SELECT 17", "equals": 18}, "FAIL", "17, not 18"),
        ({"sql": "SELECT 18::numeric", "equals": 18}, "PASS", "18, as expected (18)"),
        (
            {"sql": "SELECT 5", "at_least": 1, "at_most": 5},
            "PASS",
            "5, as expected (at least 1 and at most 5)",
        ),
        ({"sql": "SELECT 6", "at_most": 5}, "FAIL", "6, not at most 5"),
        ({"sql": "SELECT NULL", "equals": 1}, "INCONCLUSIVE", "the query returned no value"),
        ({"sql": "SELECT 1 WHERE false", "equals": 1}, "INCONCLUSIVE", "the query returned no value"),
        ({"sql": "VALUES (1), (2)", "equals": 1}, "FAIL", "the query returned 2 rows, one value is expected"),
        ({"sql": "SELECT %s", "parameters": [3], "equals": 3}, "PASS", "3, as expected (3)"),
        ({"sql": "SELECT %(a)s", "parameters": {"a": "x"}, "equals": "x"}, "PASS", "x, as expected (x)"),
        ({"sql": "VALUES (1, 'a'), (2, 'b')", "rows": [[1, "a"], [2, "b"]]}, "PASS", "2 rows as expected"),
        ({"sql": "VALUES (1, 'a'), (2, 'c')", "rows": [[1, "a"], [2, "b"]]}, "FAIL", "row 2 differs"),
        ({"sql": "VALUES (1, 'a')", "rows": [[1, "a"], [2, "b"]]}, "FAIL", "1 rows, expected 2"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_query_is_held_against_what_is_expected(
    given: dict[str, Any], answer: str, summary: str, run: LocalRun
) -> None:
    finding = run_check(SqlCheck(name="sql", **given), run)
    assert (finding.answer, finding.summary) == (answer, summary)


def test_a_query_cannot_write(database: Session, run: LocalRun) -> None:
    database.execute("CREATE TABLE plans (id int)")
    finding = run_check(SqlCheck(name="sql", sql="INSERT INTO plans VALUES (1) RETURNING id", equals=1), run)
    assert finding.answer is Answer.ERROR
    assert "read-only transaction" in finding.summary


@pytest.mark.usefixtures("database")
def test_a_query_that_is_wrong_is_an_error(run: LocalRun) -> None:
    finding = run_check(SqlCheck(name="sql", sql="SELECT nothing FROM nowhere", equals=1), run)
    assert finding.answer is Answer.ERROR
    assert 'relation "nowhere" does not exist' in finding.summary


@pytest.mark.usefixtures("database")
def test_a_query_that_takes_too_long_is_an_error(run: LocalRun) -> None:
    check = SqlCheck(name="sql", sql="SELECT pg_sleep(5)", equals=1, timeout=timedelta(milliseconds=50))
    finding = run_check(check, run)
    assert finding.answer is Answer.ERROR
    assert "statement timeout" in finding.summary


@pytest.fixture
def plans(database: Session, run: LocalRun) -> Session:
    """A table of three rows whose checksums are noted."""
    database.execute("CREATE TABLE plans (id int PRIMARY KEY, title text, note text)")
    database.execute("INSERT INTO plans VALUES (1, 'a', 'x'), (2, NULL, 'y'), (3, 'c', 'z')")
    note(run, PLANS)
    return database


def note(run: LocalRun, table: Table) -> None:
    run.memory.clear()  # another step, which has noted nothing yet
    run.evidences["production.take"] = TakeRowChecksums(name="take", tables=[table]).do(run)


def compared(run: LocalRun, how: Compared = Compared.EQUAL, table: Table = PLANS) -> tuple[Answer, str]:
    check = RowChecksums(name="rows", taken_by="production.take", tables=[table], compared=how)
    finding = run_check(check, run)
    return finding.answer, finding.summary


@pytest.mark.usefixtures("plans")
def test_untouched_rows_are_equal(run: LocalRun) -> None:
    assert compared(run) == (Answer.PASS, "1 tables, 3 rows: equal")


def test_neither_the_order_in_the_table_nor_other_columns_nor_a_wider_type_matter(
    plans: Session, run: LocalRun
) -> None:
    plans.execute("UPDATE plans SET note = 'n'")
    plans.execute("ALTER TABLE plans ALTER id TYPE bigint, ADD COLUMN extra int DEFAULT 1")
    plans.execute("DELETE FROM plans WHERE id = 1")
    plans.execute("INSERT INTO plans VALUES (1, 'a', 'x')")
    assert compared(run)[0] is Answer.PASS


def test_a_changed_row_is_found(plans: Session, run: LocalRun) -> None:
    plans.execute("UPDATE plans SET title = '' WHERE id = 2")  # it was NULL
    assert compared(run) == (Answer.FAIL, "plans: 3 rows as before, but their content differs")
    assert compared(run, Compared.NO_ROWS_LOST)[0] is Answer.PASS


def test_a_lost_row_is_found_also_when_new_ones_came(plans: Session, run: LocalRun) -> None:
    plans.execute("DELETE FROM plans WHERE id = 2")
    plans.execute("INSERT INTO plans VALUES (4, 'd', ''), (5, 'e', '')")
    assert compared(run, Compared.NO_ROWS_LOST) == (Answer.FAIL, "plans: 1 of 3 rows are gone")
    assert compared(run, Compared.EQUAL_UP_TO_LAST)[0] is Answer.FAIL
    assert compared(run) == (Answer.FAIL, "plans: 4 rows, 3 before")


def test_new_rows_are_fine_unless_equality_is_asked_for(plans: Session, run: LocalRun) -> None:
    plans.execute("INSERT INTO plans VALUES (4, 'd', '')")
    assert compared(run, Compared.EQUAL_UP_TO_LAST)[0] is Answer.PASS
    assert compared(run)[0] is Answer.FAIL


def test_rows_that_people_change_meanwhile_can_be_left_out(plans: Session, run: LocalRun) -> None:
    table = Table(name="plans", key="id", columns=["id", "title"], where="id <> 2")
    note(run, table)
    plans.execute("UPDATE plans SET title = 'changed' WHERE id = 2")
    assert compared(run, table=table) == (Answer.PASS, "1 tables, 2 rows: equal")
    plans.execute("UPDATE plans SET title = 'changed' WHERE id = 3")
    assert compared(run, table=table)[0] is Answer.FAIL


@pytest.mark.usefixtures("database")
def test_rows_that_nobody_noted_are_inconclusive(run: LocalRun) -> None:
    assert compared(run) == (Answer.INCONCLUSIVE, "production.take has noted nothing of plans")


def test_a_second_try_keeps_what_the_first_one_noted(plans: Session, run: LocalRun) -> None:
    plans.execute("DELETE FROM plans")
    again = TakeRowChecksums(name="take", tables=[PLANS]).do(run)
    assert again.proof == run.evidences["production.take"].proof
    assert again.proof["tables"]["plans"]["rows"] == 3


USED = Table(name="plans", key="id", columns=["id", "title"], users_change=2)


@pytest.fixture
def used(database: Session, run: LocalRun) -> Session:
    """A table of a hundred rows that users change, noted."""
    database.execute("CREATE TABLE plans (id int PRIMARY KEY, title text)")
    database.execute("INSERT INTO plans SELECT n, 'plan ' || n FROM generate_series(1, 100) n")
    note(run, USED)
    return database


def used_compared(run: LocalRun) -> tuple[Answer, str]:
    return compared(run, Compared.EQUAL_UP_TO_LAST, USED)


def test_what_a_few_users_change_remove_and_add_is_no_damage(used: Session, run: LocalRun) -> None:
    used.execute("UPDATE plans SET title = 'mine' WHERE id = 7")
    used.execute("DELETE FROM plans WHERE id = 8")
    used.execute("INSERT INTO plans VALUES (101, 'new')")
    assert used_compared(run) == (
        Answer.PASS,
        "1 tables, 99 rows: the rows that were there are unchanged; newer ones may follow; "
        "plans: 1 rows gone and 2 parts changed, as users may (2)",
    )


def test_users_do_not_empty_a_small_table(database: Session, run: LocalRun) -> None:
    table = replace(USED, users_change=10)
    database.execute("CREATE TABLE plans (id int PRIMARY KEY, title text)")
    database.execute("INSERT INTO plans SELECT n, 'plan ' || n FROM generate_series(1, 4) n")
    note(run, table)
    database.execute("DELETE FROM plans WHERE id < 3")
    assert compared(run, Compared.NO_ROWS_LOST, table)[0] is Answer.PASS
    database.execute("DELETE FROM plans WHERE id = 3")
    assert compared(run, Compared.NO_ROWS_LOST, table) == (Answer.FAIL, "plans: 3 of 4 rows are gone")


@pytest.mark.parametrize("rows", [1, 8])
def test_users_do_not_change_every_row_of_a_small_table(database: Session, run: LocalRun, rows: int) -> None:
    table = replace(USED, users_change=10)
    database.execute("CREATE TABLE plans (id int PRIMARY KEY, title text)")
    database.execute("INSERT INTO plans SELECT n, 'plan ' || n FROM generate_series(1, %s) n", [rows])
    note(run, table)
    database.execute("UPDATE plans SET title = 'x' WHERE id <= %s", [rows // 2])
    assert compared(run, Compared.EQUAL_UP_TO_LAST, table)[0] is Answer.PASS
    database.execute("UPDATE plans SET title = 'x'")
    assert compared(run, Compared.EQUAL_UP_TO_LAST, table)[0] is Answer.FAIL


def test_a_change_of_many_rows_is_damage_also_where_users_write(used: Session, run: LocalRun) -> None:
    used.execute("UPDATE plans SET title = left(title, 6) WHERE id > 80")
    answer, summary = used_compared(run)
    assert answer is Answer.FAIL
    assert summary.startswith("plans: the content of more than 2 rows differs (")


def test_where_only_the_loss_of_rows_counts_users_may_change_them_all(used: Session, run: LocalRun) -> None:
    used.execute("UPDATE plans SET title = 'mine'")
    used.execute("DELETE FROM plans WHERE id = 8")
    assert compared(run, Compared.NO_ROWS_LOST, USED)[0] is Answer.PASS


def test_more_rows_gone_than_users_remove_is_damage(used: Session, run: LocalRun) -> None:
    used.execute("DELETE FROM plans WHERE id < 4")
    assert used_compared(run) == (Answer.FAIL, "plans: 3 of 100 rows are gone")


def test_the_parts_of_a_table_stay_out_of_the_evidence(used: Session, run: LocalRun) -> None:
    used.execute("DELETE FROM plans WHERE id < 4")
    check = RowChecksums(name="rows", taken_by="production.take", tables=[USED])
    assert sorted(run_check(check, run).evidence["before"]["plans"]) == ["checksum", "last", "rows"]
