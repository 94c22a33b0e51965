import json
import os
from dataclasses import replace

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.steps.world import killed_after

from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.sandbox.vendors.azure_state import KeyValue
from slipway.steps import set_app_configuration
from slipway.steps.app_configuration_api import look
from slipway.steps.faults.azure import ChangedMeanwhile, ConnectionIncomplete
from slipway.steps.set_app_configuration import SetAppConfiguration
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, InTheWay, VendorBroken

KEY = "Features:PersonalGoals:Enabled"
STEP = SetAppConfiguration(name="enable", key=KEY, value="true")
PLACE = (KEY, "")


def puts(cloud: Azure) -> int:
    return sum(call.method == "PUT" for call in cloud.calls)


def test_a_key_is_set_once_and_set_back_once(run: LocalRun, cloud: Azure) -> None:
    evidence = STEP.do(run)
    assert (cloud.state.keys[PLACE].value, cloud.state.keys[PLACE].tags) == ("true", {"team": "cpr"})
    assert evidence.before == {"value": "false", "content_type": "", "tags": {"team": "cpr"}, "there": True}
    assert evidence.summary == f'{KEY} is "true" (before: "false")'
    assert STEP.do(run).before == evidence.before
    assert puts(cloud) == 1
    assert STEP.undo(run, evidence).changed is True
    assert cloud.state.keys[PLACE].value == "false"
    assert STEP.undo(run, evidence).changed is False
    assert puts(cloud) == 2


@pytest.mark.parametrize("less", ["false", "Off", "0", '{"id": "goals", "enabled": false}', "5", "9.5", None])
def test_what_somebody_turned_down_or_deleted_since_stays_so(
    run: LocalRun, cloud: Azure, caplog: pytest.LogCaptureFixture, less: str | None
) -> None:
    cloud.state.keys[PLACE] = KeyValue(value="10")
    step = replace(STEP, value="50")
    evidence = step.do(run)
    del cloud.state.keys[PLACE]
    if less is not None:
        cloud.state.keys[PLACE] = KeyValue(value=less)
    for each in (evidence, Evidence(before=evidence.before)):
        undone = step.undo(run, each)
        assert undone.summary == f"{KEY} stays as somebody set it since"
        assert undone.proof == {"left_down": {KEY: True}}
    left = cloud.state.keys.get(PLACE)
    assert (left and left.value, puts(cloud)) == (less, 1)
    assert 'it stays so, for it was "10" before' in caplog.text


@pytest.mark.parametrize(
    ("before", "value"), [("10", "75"), ("10", ""), ("10", "many"), ("false", "75"), ("false", "")]
)
def test_any_other_value_that_somebody_set_since_goes_back(
    run: LocalRun, cloud: Azure, caplog: pytest.LogCaptureFixture, before: str, value: str
) -> None:
    cloud.state.keys[PLACE] = KeyValue(value=before)
    step = replace(STEP, value="50")
    evidence = step.do(run)
    cloud.state.keys[PLACE] = KeyValue(value=value)
    assert step.undo(run, evidence).changed is True
    assert cloud.state.keys[PLACE].value == before
    assert f'to "{value}" after this step: it goes back to "{before}"' in caplog.text


def test_an_undo_of_what_this_step_left_says_nothing_of_somebody(
    run: LocalRun, cloud: Azure, caplog: pytest.LogCaptureFixture
) -> None:
    evidence = STEP.do(run)
    assert STEP.undo(run, Evidence(before=evidence.before)).changed is True
    assert "Somebody" not in caplog.text


def test_a_key_that_was_absent_is_deleted_again(run: LocalRun, cloud: Azure) -> None:
    step = SetAppConfiguration(name="enable", key="New & odd/key", value="on", label="production")
    evidence = step.do(run)
    assert cloud.state.keys["New & odd/key", "production"].value == "on"
    assert step.undo(run, evidence).summary == "New & odd/key is absent"
    assert ("New & odd/key", "production") not in cloud.state.keys
    assert step.undo(run, evidence).changed is False
    assert step.undo(run, Evidence()).changed is False


def test_an_answer_that_is_lost_sets_the_key_only_once(run: LocalRun, cloud: Azure) -> None:
    cloud.trouble(match="PUT /kv", status=503, after=True)
    evidence = STEP.do(run)
    assert (cloud.state.keys[PLACE].value, evidence.before["value"]) == ("true", "false")


@pytest.mark.parametrize("lost", [1, -1], ids=["one answer", "all answers"])
@pytest.mark.parametrize("there", [True, False])
def test_an_undo_whose_answer_is_lost_puts_back_only_once(
    run: LocalRun, cloud: Azure, there: bool, lost: int
) -> None:
    if not there:
        del cloud.state.keys[PLACE]
    evidence, method = STEP.do(run), "PUT" if there else "DELETE"
    undo = run.at("rollback.undo_enable")
    cloud.trouble(match=f"{method} /kv", status=503, after=True, times=lost)
    if lost == -1:
        with pytest.raises(VendorBroken, match=f"App Configuration: {method} /kv/"):
            STEP.undo(undo, evidence)
        cloud.troubles.clear()
    undone = STEP.undo(undo, evidence)
    left = cloud.state.keys.get(PLACE)
    assert (left and left.value, undone.changed) == ("false" if there else None, lost == 1)
    assert undone.proof == {"left_down": {KEY: False}}


def test_an_undo_that_is_killed_when_it_was_done_finds_it_done(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    evidence = STEP.do(run)
    undo = run.at("rollback.undo_enable")
    with killed_after(monkeypatch, set_app_configuration, "write"):
        STEP.undo(undo, evidence)
    assert STEP.undo(undo, evidence).summary == f'{KEY} is "false" already'
    assert puts(cloud) == 2
    assert "Somebody" not in caplog.text


def test_a_change_of_somebody_else_in_between_is_said(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meddling(*given: object) -> None:
        cloud.state.keys[PLACE] = KeyValue(value="maybe")
        write(*given)  # type: ignore[arg-type]

    write = set_app_configuration.write
    monkeypatch.setattr(set_app_configuration, "write", meddling)
    with pytest.raises(ChangedMeanwhile, match=r'was changed by somebody else .* and is "maybe" now'):
        STEP.do(run)
    assert cloud.state.keys[PLACE].value == "maybe"


def test_a_locked_key_is_said_with_its_mend(run: LocalRun, cloud: Azure) -> None:
    cloud.state.keys[PLACE].locked = True
    with pytest.raises(InTheWay, match=r"is locked.*unlock it in the store"):
        STEP.do(run)


def test_a_wrong_secret_is_said_and_stays_secret(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_CONFIGURATION"])
    monkeypatch.setenv("AIRFLOW_CONN_CONFIGURATION", json.dumps(known | {"password": "d3Jvbmc="}))
    with pytest.raises(AccessRefused, match=r"HTTP 401.*Invalid Signature.*access key anew") as told:
        STEP.do(run)
    assert "d3Jvbmc" not in str(told.value)
    monkeypatch.setenv("AIRFLOW_CONN_CONFIGURATION", json.dumps(known | {"password": "no base64!"}))
    with pytest.raises(ConnectionIncomplete, match="lacks a password in base64"):
        STEP.do(run)


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_to_the_writing_is_said_and_the_value_before_is_still_known(
    run: LocalRun, cloud: Azure, bad: Bad
) -> None:
    call = "App Configuration: PUT /kv/Features%3APersonalGoals%3AEnabled: "
    meets(cloud, bad, "PUT /kv", call, lambda: STEP.do(run))
    assert (STEP.do(run).before["value"], cloud.state.keys[PLACE].value) == ("false", "true")


@each_bad_answer(without=["not there"])  # such a key is not there yet, which is an answer
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_to_the_reading_is_said_and_nothing_is_written(
    run: LocalRun, cloud: Azure, bad: Bad
) -> None:
    call = "App Configuration: GET /kv/Features%3APersonalGoals%3AEnabled: "
    meets(cloud, bad, "GET /kv", call, lambda: STEP.do(run))
    assert cloud.state.keys[PLACE].value == "false"
    assert (STEP.do(run).before["value"], cloud.state.keys[PLACE].value) == ("false", "true")


def test_a_look_tells_how_many_keys_can_be_read(run: LocalRun, cloud: Azure) -> None:
    assert look(run) == "1 keys readable as sandbox-key"
