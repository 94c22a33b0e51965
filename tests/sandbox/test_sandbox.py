"""Starting, watching and ending the sandbox as a whole."""

import json
import os
import signal
import urllib.request
from pathlib import Path

import psutil
import pytest
from tests.sandbox.deploying import ask
from tests.waiting import until

from slipway.sandbox import Sandbox
from slipway.sandbox.errors import UnknownSystem
from slipway.sandbox.layout import port


def test_connections_name_everything_a_plan_deploys_to(sandbox) -> None:
    found = {name: json.loads(value) for name, value in sandbox.connections().items()}
    assert sorted(name for name in found if "planner" in name) == [
        "planner_mail",
        "planner_pager",
        "planner_production_db",
        "planner_production_host",
        "planner_production_probe",
        "planner_production_service",
        "planner_repository",
        "planner_slack",
        "planner_staging_db",
        "planner_staging_host",
        "planner_staging_probe",
        "planner_staging_service",
        "planner_status_page",
        "planner_teams",
        "planner_webhook",
    ]
    home = sandbox.place("planner", "production").home
    assert found["planner_production_host"] == {"conn_type": "fs", "extra": {"path": str(home)}}
    assert found["slipway_ledger"]["schema"] == "slipway_ledger"


def test_a_system_that_is_not_there_is_refused_with_those_that_are(sandbox) -> None:
    with pytest.raises(UnknownSystem, match=r"no 'billing'\. It has: planner, calibration"):
        sandbox.fingerprint("billing", "production")


def test_a_crashed_service_is_started_again(sandbox, pristine) -> None:
    place = pristine("calibration", "staging")
    pid = sandbox.status()["services"][place.name]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: sandbox.status()["services"][place.name]["pid"] not in (pid, None))
    until(lambda: _is_healthy(place))


def _is_healthy(place) -> bool:
    try:
        return ask(place, "/health")[0] == 200
    except OSError:
        return False


def _probe(root: Path) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port(root, 'load')}/metrics", timeout=5) as answer:
        return answer.read().decode()


def _sample(page: str, name: str) -> float:
    return next((float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name)), 0.0)


def test_load_measures_downtime_and_nothing_is_left_running(folder: Path) -> None:
    sandbox = Sandbox(folder)
    where = 'environment="production",system="planner"'
    try:
        sandbox.start(["planner"], ["production"])
        place = sandbox.place("planner", "production")
        until(lambda: _sample(_probe(folder), "load_requests_total{") > 20)
        assert _sample(_probe(folder), f"probe_success{{{where}}}") == 1
        os.kill(sandbox.status()["services"][place.name]["pid"], signal.SIGKILL)
        until(lambda: _sample(_probe(folder), f"probe_longest_outage_seconds{{{where}}}") > 0)
        until(lambda: _is_healthy(place))
        assert _sample(_probe(folder), f"probe_downtime_seconds_total{{{where}}}") > 0.2
    finally:
        sandbox.stop()
    assert sandbox.status() == {"postgres": None, "load": False, "services": {}}
    left = [p.info["cmdline"] for p in psutil.process_iter(["cmdline", "cwd"]) if _is_of(p, folder)]
    assert left == []


def _is_of(process: psutil.Process, root: Path) -> bool:
    words = [*(process.info["cmdline"] or []), process.info["cwd"] or ""]
    return any(str(root) in word for word in words)
