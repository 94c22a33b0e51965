"""A figure from a real PostgreSQL."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.steps.world import free_port

from slipway.kinds import Scrape
from slipway.metrics import SqlValue
from slipway.metrics.scrape import Reader, ScrapeFailed
from slipway.metrics.sources import Readings
from slipway.sandbox.postgres import USER, Postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with TemporaryDirectory(prefix="slipway-sql-") as folder:
        Path(folder).chmod(0o755)  # the server runs under an account of its own
        started = Postgres.start(Path(folder), free_port())
        with started.connect() as session:
            session.execute("CREATE TABLE players (id int, floor numeric, ceiling numeric)")
            session.execute("INSERT INTO players VALUES (1, 9, 23), (2, 30, 20)")
        yield started
        started.stop()


@pytest.fixture(autouse=True)
def _connected(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"conn_type": "postgres", "host": "127.0.0.1", "port": server.port, "schema": USER}
    login = {"login": USER, "password": server.password}
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(where | login))
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps(where | login | {"password": "s3cr3t-and-wrong"}))


def read(sql: str, conn_id: str = "db", scale: float = 1.0) -> float | None:
    metric = SqlValue(name="figure", sql=sql, scale=scale)
    now = Readings(since=0.0).read(conn_id, metric.reading.query)
    return metric.value(Scrape(at=0, samples={}), now)


def test_a_query_gives_its_one_number() -> None:
    assert read("SELECT count(*) FROM players WHERE floor > ceiling") == 1
    assert read("SELECT avg(floor) FROM players", scale=10) == 195
    assert read("SELECT 0.25::float8") == 0.25
    assert read("SELECT count(*) FROM players WHERE id::text LIKE '1%'") == 1
    assert SqlValue(name="figure", sql="SELECT 1").momentary


def test_no_row_and_null_are_no_data() -> None:
    assert read("SELECT floor FROM players WHERE id = 9") is None
    assert read("SELECT max(floor) FROM players WHERE id = 9") is None


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT id FROM players", "one number is wanted, not several rows"),
        ("SELECT 1, 2", "one number is wanted, not a row of 2 columns"),
        ("SELECT 'ten'", "one number is wanted, not a str"),
        ("SELECT '10'", "one number is wanted, not a str"),
        ("SELECT true", "one number is wanted, not a bool"),
        ("SELECT 'NaN'::numeric", "one number is wanted, not NaN"),
        ("SELECT 'NaN'::float8", "one number is wanted, not NaN"),
        ("DELETE FROM players RETURNING 1", "cannot execute DELETE in a read-only transaction"),
        ("COMMIT; DELETE FROM players RETURNING 1", "cannot insert multiple commands"),
        ("SELECT 1; SELECT 2", "cannot insert multiple commands"),
        ("SELECT count(*) FROM nowhere", 'relation "nowhere" does not exist'),
    ],
)
def test_what_is_no_number_or_would_write_is_a_failed_reading(sql: str, why: str) -> None:
    with pytest.raises(ScrapeFailed, match=why):
        read(sql)
    assert read("SELECT count(*) FROM players") == 2


def test_a_wrong_password_is_a_failed_reading_that_does_not_tell_it() -> None:
    with pytest.raises(ScrapeFailed, match="password authentication failed") as failed:
        read("SELECT 1", conn_id="wrong")
    assert "s3cr3t" not in str(failed.value)


def test_a_watch_reads_it_without_blocking_the_triggerer() -> None:
    metric = SqlValue(name="figure", sql="SELECT count(*) FROM players")

    async def twice() -> list[float | None]:
        async with Reader() as reader:
            found = [await reader.read("db", metric.reading.query) for _ in range(2)]
        return [metric.value(each, each) for each in found]

    assert asyncio.run(twice()) == [2, 2]
