import pytest
from tests.steps.heroku_world import HerokuWorld
from tests.steps.repositories import Repositories

from slipway.plans_cli.doctor import _TRIES
from slipway.steps import heroku_api
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, AnswerUnreadable


def test_the_doctor_looks_without_changing_anything(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories
) -> None:
    assert _TRIES["heroku"](release) == "2 apps readable as release@acme.example"
    assert _TRIES["heroku_data"](release) == "0 backups and restores of the5hc"
    assert _TRIES["workspace"](release) == f"folder {repositories.workspace}"
    assert _TRIES["remote"](release) == f"repository {repositories.remote}, 0 branches"
    assert {call.method for call in heroku.stand_in.calls} == {"GET"}


def test_the_doctor_says_what_is_wrong_with_a_token(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.stand_in.trouble(status=401)
    with pytest.raises(AccessRefused, match=r"Heroku: GET /account: HTTP 401.*heroku authorizations:create"):
        heroku_api.look(release)


def test_half_an_answer_and_a_release_without_a_version_are_said(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    del heroku.app.releases[0]["status"]
    heroku.state.settle = lambda app: None  # type: ignore[method-assign]
    with pytest.raises(AnswerUnreadable, match=r"GET /apps/the5hc/releases.*no 'status' in a release"):
        heroku_api.releases(release, "the5hc")


def test_heroku_is_asked_for_the_newest_releases(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.deploy("main")
    found = heroku_api.releases(release, "the5hc")
    assert [(each.version, each.current) for each in found] == [(2, True), (1, False)]
    assert heroku.stand_in.calls[0].headers["Range"] == "version ..; order=desc, max=20"
    assert found[1].label == "v1"
