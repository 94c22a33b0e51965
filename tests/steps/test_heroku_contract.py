"""What is sent to Heroku and what its stand-in answers, held against Heroku's published schema."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.steps.heroku_world import HerokuWorld, through

from slipway.steps import (
    BackUpHerokuPostgres,
    DeployToHeroku,
    MigrateOnHeroku,
    RunOnHeroku,
    heroku_api,
)
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[2].parent / "shared" / "contracts"
SCHEMA = Path(os.environ.get("SLIPWAY_CONTRACTS", SHARED)) / "heroku-platform-api.schema.json"
SENT = re.compile(r"/(account|apps)")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    if not SCHEMA.exists():
        pytest.skip(f"Heroku's published schema is not there: {SCHEMA}")
    return dict(json.loads(SCHEMA.read_text()))


def links(schema: dict[str, Any], method: str, path: str) -> list[dict[str, Any]]:
    """Return the links that a call may be: its method, and its path with names for the placeholders."""
    found = []
    for definition in schema["definitions"].values():
        for link in definition.get("links", []):
            pattern = re.sub(r"\{[^}]*\}", "[^/]+", link["href"])
            if link["method"] == method and re.fullmatch(pattern, path):
                found.append(link)
    return found


def fits(schema: dict[str, Any], part: dict[str, Any], value: Any) -> bool:
    import jsonschema

    whole = {"definitions": schema["definitions"], "allOf": [part]}
    return bool(jsonschema.Draft4Validator(whole).is_valid(value))


def strict(schema: dict[str, Any], link: dict[str, Any]) -> dict[str, Any]:
    """Return what is accepted: the named parameters, and no other."""
    return {**(link.get("schema") or {"type": ["object", "null"]}), "additionalProperties": False}


@pytest.fixture
def calls(release: LocalRun, heroku: HerokuWorld) -> HerokuWorld:
    """Heroku after a whole release was deployed on it and rolled back."""
    heroku.deploy("main")
    heroku.migrations(["auth.0001_initial"], [])
    deploy = DeployToHeroku(name="deploy", app="the5hc", branch="feature/scores")
    through(BackUpHerokuPostgres(name="backup", app="the5hc").do, release.at("production.backup"))
    evidence = through(deploy.do, release.at("staging.deploy"))
    MigrateOnHeroku(name="migrate", app="the5hc").do(release.at("production.migrate"))
    RunOnHeroku(name="cache", app="the5hc", command="echo cleared").do(release.at("production.cache"))
    through(deploy.undo, release.at("rollback.undo_deploy"), evidence)
    heroku_api.look(release)
    return heroku


def test_every_call_is_one_that_heroku_has(calls: HerokuWorld, schema: dict[str, Any]) -> None:
    made = [call for call in calls.stand_in.calls if SENT.match(call.path)]
    assert {call.method for call in made} == {"GET", "POST"}
    for call in made:
        known = links(schema, call.method, call.path)
        assert known, f"{call.method} {call.path}"
        assert call.headers["Accept"] == "application/vnd.heroku+json; version=3"
        if call.method == "POST":
            assert any(fits(schema, strict(schema, link), call.body) for link in known), call


@pytest.mark.parametrize(
    ("path", "definition"),
    [
        ("/account", "account"),
        ("/apps", "app"),
        ("/apps/the5hc", "app"),
        ("/apps/the5hc/releases", "release"),
        ("/apps/the5hc/builds", "build"),
        ("/apps/the5hc/dynos", "dyno"),
        ("/apps/the5hc/formation", "formation"),
        ("/apps/the5hc/addon-attachments", "add-on-attachment"),
    ],
)
def test_the_stand_in_answers_as_heroku_does(
    calls: HerokuWorld, schema: dict[str, Any], path: str, definition: str
) -> None:
    found = asked(calls, path)
    for each in found if isinstance(found, list) else [found]:
        known = schema["definitions"][definition]["properties"]
        assert set(each) <= set(known)
        assert fits(schema, {"properties": known}, each), each


def test_slugs_and_one_off_dynos_are_answered_as_heroku_does(
    calls: HerokuWorld, schema: dict[str, Any]
) -> None:
    slug = schema["definitions"]["slug"]["properties"]
    for each in calls.app.slugs.values():
        assert fits(schema, {"properties": slug}, asked(calls, f"/apps/the5hc/slugs/{each['id']}"))
    dyno = schema["definitions"]["dyno"]["properties"]
    begun = asked(calls, "/apps/the5hc/dynos", json={"command": "true", "attach": True})
    assert set(begun) <= set(dyno)
    assert fits(schema, {"properties": dyno}, begun)


def asked(calls: HerokuWorld, path: str, **options: Any) -> Any:
    client = calls.stand_in.app.test_client()
    headers = {"Accept": heroku_api.HEROKU.headers["Accept"], "Authorization": calls.stand_in.token}
    send = client.post if options else client.get
    return send(path, headers=headers, **options).get_json()
