import pytest
from tests.steps.heroku_world import HerokuWorld

from slipway.checks import DynosUp
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, NotThere
from slipway.words import Answer

CHECK = DynosUp(name="dynos_up", app="the5hc")


@pytest.fixture(autouse=True)
def deployed(heroku: HerokuWorld) -> None:
    heroku.deploy("main")
    heroku.app.web = 2


def test_dynos_that_are_up_pass(release: LocalRun) -> None:
    finding = CHECK.probe(release)
    assert finding.answer is Answer.PASS
    assert finding.summary == "2 of 2 web dynos of the5hc are up"
    assert finding.evidence == {"wanted": 2, "states": {"up": 2}}


def test_a_crashed_dyno_fails(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.app.web_state = "crashed"
    finding = CHECK.probe(release)
    assert finding.answer is Answer.FAIL
    assert finding.summary == "0 of 2 web dynos of the5hc are up (2 crashed)"


def test_no_dyno_at_all_is_no_success(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.app.web = 0
    assert CHECK.probe(release).answer is Answer.INCONCLUSIVE
    assert DynosUp(name="d", app="the5hc", process="worker").probe(release).answer is Answer.INCONCLUSIVE


def test_a_wrong_token_or_app_is_an_error(release: LocalRun, heroku: HerokuWorld) -> None:
    with pytest.raises(NotThere, match="GET /apps/the5hd/formation"):
        DynosUp(name="d", app="the5hd").probe(release)
    heroku.stand_in.trouble(status=401)
    with pytest.raises(AccessRefused, match="heroku authorizations:create"):
        CHECK.probe(release)
