"""A real Airflow on this machine, its REST client, and a demo release on it."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from slipway.local import follow
from slipway.local.demo import PlanNotThere, SandboxFault, Wish, await_plan, release, tell
from slipway.local.errors import ComponentDied, Refused, RunsElsewhere
from slipway.local.follow import Follower
from slipway.local.port import any_free
from slipway.local.process import marked
from slipway.local.service import NICER, LocalAirflow
from slipway.local.settings import MARK
from slipway.local.waiting import wait_until
from slipway.plans_cli.begin import begin
from slipway.words import GateAnswer

pytestmark = pytest.mark.e2e

DAGS = Path(__file__).parent / "dags"
NICEST = 19  # Linux knows no more


@pytest.fixture(scope="module")
def airflow() -> Iterator[LocalAirflow]:
    # Not under pytest's own folder: another run as root closes it to the server's user.
    with tempfile.TemporaryDirectory(prefix="slipway-local-") as root:
        running = LocalAirflow(Path(root), dags_folder=DAGS, port=any_free())
        try:
            running.start()
            yield running
        finally:
            running.stop()
            running.postgres.stop()


def test_a_second_start_reuses_what_runs(airflow: LocalAirflow) -> None:
    before = {name: airflow.process(name) for name in airflow.status()}
    assert LocalAirflow(airflow.home.root, dags_folder=DAGS).start() == []
    assert {name: airflow.process(name) for name in airflow.status()} == before


def test_airflow_and_its_tasks_leave_the_cores_to_production(airflow: LocalAirflow) -> None:
    processes = marked(MARK, str(airflow.home.root))
    assert len(processes) >= len(airflow.status())
    assert {process.nice() for process in processes} == {min(psutil.Process().nice() + NICER, NICEST)}


def test_another_port_is_refused_while_it_runs(airflow: LocalAirflow) -> None:
    with pytest.raises(RunsElsewhere, match=r"\./slipway down first"):
        LocalAirflow(airflow.home.root, dags_folder=DAGS, port=airflow.port + 1).start()


def test_the_airflow_of_another_clone_on_the_same_port_is_not_taken_for_ours(
    airflow: LocalAirflow, tmp_path: Path
) -> None:
    other = LocalAirflow(tmp_path, dags_folder=DAGS)
    other.home.prepare()
    (other.home.folder / "port").write_text(str(airflow.port))
    assert (airflow._lets_us_in(), other._lets_us_in()) == (True, False)


def test_go_releases_and_the_demo_is_granted(airflow: LocalAirflow) -> None:
    wish, screen = Wish(plan="toy", answer=GateAnswer.GO, pace=10), io.StringIO()
    console = Console(file=screen, width=100)
    ending = release(airflow, wish, console)
    assert (ending.outcome, ending.report, ending.undone) == ("RELEASED", "reports/toy.md", [])
    assert ending.run.conf == {"version": "v2", "pace": 10}
    assert tell(ending, wish, console)
    shown = screen.getvalue()
    assert "release_manager answered preparations: OK" in shown
    assert "product_owner marked gate.go_no_go success (GO)" in shown
    assert "watch.watch_production error rate 2 of 5 %" in shown


def test_no_go_is_marked_by_an_assigned_person_and_rejects(airflow: LocalAirflow) -> None:
    wish, screen = Wish(plan="toy", answer=GateAnswer.NO_GO), io.StringIO()
    console = Console(file=screen, width=100)
    ending = release(airflow, wish, console)
    assert ending.outcome == "REJECTED"
    assert tell(ending, wish, console)
    with airflow.client("viewer") as viewer:
        marks = [
            (event.owner, event.extra)
            for event in viewer.events("toy", ending.run.run_id, "gate.go_no_go")
            if event.event == "patch_task_instance"
        ]
    said = (
        '{"new_state": "failed", "note": "NO-GO: answered by the demo for product_owner", "method": "PATCH"}'
    )
    assert marks == [("product_owner", said)]


def test_who_follows_a_paused_plan_is_told(airflow: LocalAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PAUSED_EVERY", 0.0)
    screen = io.StringIO()
    with airflow.client("admin") as client:
        client.pause("toy")
        run = client.trigger_dag("toy", {"version": "v2"})
        follower = Follower(client, run, Console(file=screen, width=200), airflow.url)
        assert follower.look().paused
        for _ in range(2):
            follower._show(follower.look(), None)
        client.mark_run("toy", run.run_id, "failed")
        client.unpause("toy")
        picture = follower.look()
        assert not picture.paused
        assert picture.run.is_over
        known = {task.task_id: task for task in follower.look().tasks}
        assert known == {task.task_id: task for task in client.task_instances("toy", run.run_id)}
    assert screen.getvalue().count("The plan is paused in the UI") == 1


def test_a_fault_shows_what_was_undone(airflow: LocalAirflow) -> None:
    wish = Wish(plan="toy", answer=GateAnswer.GO, fault=SandboxFault.ERROR_RATE)
    screen = io.StringIO()
    ending = release(airflow, wish, Console(file=screen))
    assert ending.outcome == "ROLLED_BACK"
    assert [task.task_id for task in ending.undone] == ["rollback.undo_deploy"]
    assert tell(replace(ending, next="Mend [it]."), wish, Console(file=screen))
    assert "Why: it ended ROLLED_BACK [so]\nUndone, in this order:" in screen.getvalue()
    assert "\nNext: Mend [it].\nReport: reports/toy.md" in screen.getvalue()


def test_a_plan_that_is_not_there_is_named_with_the_mend(airflow: LocalAirflow) -> None:
    with airflow.client() as client, pytest.raises(PlanNotThere, match=r"plan nowhere: .*\n.*plan list"):
        await_plan(client, "nowhere", Console(file=io.StringIO()), timeout=1)


def test_a_viewer_reads_decisions_but_makes_none(airflow: LocalAirflow) -> None:
    with airflow.client("release_manager") as manager, airflow.client("viewer") as viewer:
        run = manager.trigger_dag("toy", {"version": "v2"})
        asked = wait_until(
            lambda: [each for each in viewer.questions("toy", run.run_id) if not each.is_answered],
            "the checklist",
            timeout=60,
        )
        assert [each.subject for each in asked] == ["Tick what is prepared"]
        assert viewer.events("toy", run.run_id)
        with pytest.raises(Refused, match="HTTP 403"):
            viewer.mark_task("toy", run.run_id, "preparations", "success")
        with pytest.raises(Refused, match="HTTP 403"):
            viewer.respond("toy", run.run_id, "preparations", ["OK"])
        manager.mark_run("toy", run.run_id, "failed")


def test_logs_and_xcoms_are_read(airflow: LocalAirflow) -> None:
    with airflow.client("viewer") as viewer:
        run = viewer.dag_runs("toy")[0]
        assert "deployed" in viewer.log("toy", run.run_id, "staging.deploy")
        assert viewer.xcom("toy", run.run_id, "staging.deploy") == "v2"
        assert viewer.xcom("toy", run.run_id, "staging.deploy", "nothing") is None
        assert (
            viewer.task("toy", run.run_id, "gate.go_no_go").note
            == "GO: answered by the demo for product_owner"
        )


def test_the_doctor_finds_airflows_own_connection_and_one_that_a_person_added(
    airflow: LocalAirflow, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "source")], check=True)
    added = {"conn_type": "git", "host": str(tmp_path / "source"), "password": "readable with Airflow's key"}
    airflows = [sys.executable, "-m", "airflow", "connections", "add", "shop_repository", "--conn-json"]
    subprocess.run([*airflows, json.dumps(added)], env=airflow.env, check=True, capture_output=True)
    begin("shop", tmp_path / "dags")
    code = (
        "import sys; from pathlib import Path; from slipway.plans_cli import main;"
        "main(['doctor', 'shop'], folder=Path(sys.argv[1]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "dags")],
        env=os.environ | {"SLIPWAY_ROOT": str(airflow.home.root), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "ok   slipway    airflow    slipway_airflow: " in said
    assert f"ok   staging    repository shop_repository: repository {tmp_path / 'source'}\n" in said
    assert (
        'BAD  staging    database   shop_staging_db: There is no Airflow connection "shop_staging_db"' in said
    )


def test_a_killed_component_is_told_from_a_running_one_and_comes_back(airflow: LocalAirflow) -> None:
    airflow.kill("scheduler", signal.SIGKILL)
    wait_until(lambda: not airflow.status()["scheduler"], "the end of the scheduler", timeout=10)
    with pytest.raises(ComponentDied, match="scheduler: ended by itself"):
        airflow.wait_until_healthy(timeout=5)
    assert airflow.start() == ["scheduler"]
    ending = release(airflow, Wish(plan="toy", answer=GateAnswer.GO), Console(file=io.StringIO()))
    assert ending.outcome == "RELEASED"


def test_stop_ends_tasks_and_their_processes_too(airflow: LocalAirflow) -> None:
    with airflow.client() as client:
        client.unpause("long")
        client.trigger_dag("long", {})
    root = str(airflow.home.root)

    def sleeping() -> list[psutil.Process]:
        return [process for process in marked(MARK, root) if process.name() == "sleep"]

    wait_until(sleeping, "the task's own process", timeout=60)
    airflow.stop()
    assert marked(MARK, root) == []
    assert set(airflow.status().values()) == {False}
