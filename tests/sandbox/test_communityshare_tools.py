"""What the practice machines have for npm and curl, and what their agent makes of counters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipway.sandbox.platforms import agent, curl, npm
from slipway.sandbox.vendors.cdn import cdn
from slipway.sandbox.vendors.stand_in import serving


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a package of npm as the current folder."""
    scripts = {"build": "sh -c 'echo $1 >built' sh", "fails": "exit 3"}
    described = {"name": "api", "version": "2.5.0", "scripts": scripts, "dependencies": {}}
    (tmp_path / "package.json").write_text(json.dumps(described))
    (tmp_path / "package-lock.json").write_text(json.dumps({"name": "api", "version": "2.5.0"}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_scripts_run_with_their_arguments_once_the_packages_are_there(package: Path) -> None:
    assert npm.main(["run", "build"]) == 1
    assert npm.main(["ci", "--production"]) == 0
    assert npm.main(["run", "build", "--", "out"]) == 0
    assert (package / "built").read_text() == "out\n"
    assert npm.main(["run", "fails"]) == 3
    assert npm.main(["run", "unknown"]) == 1


def test_packages_are_refused_and_so_is_a_lock_file_of_another_version(package: Path) -> None:
    (package / "package-lock.json").write_text(json.dumps({"name": "api", "version": "2.4.0"}))
    assert npm.main(["ci"]) == 2
    described = json.loads((package / "package.json").read_text())
    (package / "package-lock.json").write_text(json.dumps({"name": "api", "version": "2.5.0"}))
    (package / "package.json").write_text(json.dumps({**described, "dependencies": {"react": "19"}}))
    assert npm.main(["ci"]) == 1


@contextmanager
def named_server(home: Path) -> Iterator[None]:
    """Serve something as api-1:8080."""
    with serving(cdn("http://127.0.0.1:1", list)) as address:
        (home / "hosts.json").write_text(json.dumps({"api-1:8080": int(address.rpartition(":")[2])}))
        yield


def test_curl_knows_the_servers_by_name_and_fails_as_with_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with named_server(tmp_path):
        given = ["--fail", "--silent", "--max-time", "5", "http://api-1:8080/health"]
        assert curl.main(given) == 22  # its origin is not there: 502
    assert curl.main(["--max-time", "1", "http://127.0.0.1:1/"]) == 7


def test_a_percentile_lies_between_the_bounds_of_its_bucket() -> None:
    name, route = "http_request_duration_seconds_bucket", ("route", "/api/resources")
    grown = {
        (name, (("le", "0.1"), route)): 90.0,
        (name, (("le", "0.2"), route)): 100.0,
        (name, (("le", "+Inf"), route)): 100.0,
        (name, (("le", "+Inf"), ("route", agent.NIGHTLY))): 50.0,
    }
    assert agent._percentile(grown, 0.95) == pytest.approx(150)
    assert agent._percentile(grown, 0.45) == pytest.approx(50)
    assert agent._percentile({}, 0.95) is None
