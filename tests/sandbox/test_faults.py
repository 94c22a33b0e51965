"""Each fault passes on staging and shows on production, for the reason its name says."""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest
from tests.sandbox.deploying import deploy, fetch, listing, migrate, switch

pytestmark = pytest.mark.slow

SYSTEMS = ("planner", "calibration", "scores")


@pytest.fixture(params=SYSTEMS)
def both(request, pristine):
    return [pristine(request.param, environment) for environment in ("staging", "production")]


def _deploy(both, tag) -> None:
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(deploy, both, [tag, tag]))


def _failing(place) -> float:
    statuses = [listing(place, n)[0] for n in range(100)]
    assert set(statuses) <= {200, 500}
    return statuses.count(500) / 100


def test_v2_with_errors_fails_for_some_of_the_users_of_production_only(both) -> None:
    _deploy(both, "v2-error-rate")
    staging, production = map(_failing, both)
    assert staging == 0
    assert 0.08 <= production <= 0.30


def test_slow_v2_is_slow_on_production_only(both) -> None:
    _deploy(both, "v2-latency")
    with ThreadPoolExecutor(2) as workers:
        staging, production = workers.map(lambda place: [listing(place, n)[1] for n in range(6)], both)
    assert median(production) - median(staging) > 0.3


def test_v2_that_crashes_makes_the_restart_fail_with_the_last_log_lines(both) -> None:
    staging, production = both
    deploy(staging, "v2-crash-on-start")
    release = fetch(production, "v2-crash-on-start")
    assert migrate(production, release).returncode == 0
    restarted = switch(production, release)
    assert restarted.returncode == 1
    assert "v2-crash-on-start ended with status 1" in restarted.stderr
    assert "KeyError" in restarted.stderr


def test_a_broken_migration_fails_on_production_and_leaves_nothing_of_itself(sandbox, both) -> None:
    staging, production = both
    deploy(staging, "v2-broken-migration")
    migrated = migrate(production, fetch(production, "v2-broken-migration"))
    assert migrated.returncode == 1
    assert "is duplicated" in migrated.stderr
    reached = {"planner": "005", "calibration": "019", "scores": "0003_manual_score_flag"}[production.system]
    found = sandbox.fingerprint(production.system, "production")
    assert (found["version"], found["revision"]) == ("v1", reached)


def test_a_broken_migration_does_on_staging_what_the_good_one_does(sandbox, pristine) -> None:
    """So it is only found in production, and there is something to take back."""
    staging = pristine("calibration", "staging")
    tables = []
    for tag in ("v2", "v2-broken-migration"):
        sandbox.reset("calibration", "staging")
        deploy(staging, tag)
        tables.append(sandbox.fingerprint("calibration", "staging")["tables"])
    assert tables[0]["player_pools"] == tables[1]["player_pools"]


def test_corrupted_data_is_told_by_checksums_only(sandbox, both) -> None:
    table = {"planner": "tasks", "calibration": "player_pools", "scores": "assessments"}[both[0].system]
    before = [_originals(sandbox, place, table) for place in both]
    _deploy(both, "v2-data-corruption")
    after = [_originals(sandbox, place, table) for place in both]
    assert after[0] == before[0]
    assert after[1][0] == before[1][0]
    assert after[1][1] != before[1][1]
    assert [listing(place, 0)[0] for place in both] == [200, 200]


def _originals(sandbox, place, table):
    """Count and checksum over the columns that v1 had."""
    columns = {
        "tasks": "id, title, status",
        "player_pools": "id, name, median",
        "assessments": "id, client, push_up",
    }[table]
    query = f"SELECT count(*), md5(string_agg(md5(({columns})::text), '' ORDER BY id)) FROM {table}"
    with sandbox.postgres.connect(place.name) as connection:
        return connection.execute(query).fetchone()
