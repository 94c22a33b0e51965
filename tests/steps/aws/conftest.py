"""An AWS stand-in with a site's bucket, a backups bucket and a distribution, and a build of two versions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.loaders import create_loader

from slipway.environment import Environment
from slipway.run import Run
from slipway.sandbox.vendors.aws import Aws, aws, connection, serving_aws
from slipway.sandbox.vendors.stand_in import StandIn
from slipway.steps import aws_api
from slipway.testing import LocalRun

SITE, BACKUPS, DISTRIBUTION = "communityshare-frontend", "communityshare-backups", "E2QWRTY123456"
V1 = {"index.html": "<h1>v1</h1>", "app.js": "one()", "style.css": "h1 {}", "old/page.html": "old"}
V2 = {"index.html": "<h1>v2</h1>", "app.js": "two()", "style.css": "h1 {}", "assets/logo.svg": "<svg/>"}


@dataclass(frozen=True)
class Amazon:
    """The stand-in, and what a test wants to know of it."""

    stand_in: StandIn
    state: Aws
    run: Run
    artifacts: Path

    def site(self) -> dict[str, str]:
        """Return what the site's bucket serves, by key; Slipway's own objects left out."""
        keys = self.state.bucket(SITE).keys
        return {
            name: key.value.decode()
            for name, key in keys.items()
            if not name.startswith(".slipway/") and type(key).__name__ != "FakeDeleteMarker"
        }

    def writes(self, prefix: str = f"/{SITE}") -> list[str]:
        """Return the writing calls to a path, Slipway's own objects left out."""
        return [
            f"{call.method} {call.path.removeprefix(prefix + '/').partition('?')[0]}"
            for call in self.stand_in.calls
            if call.method in {"PUT", "POST", "DELETE"}
            and call.path.startswith(prefix)
            and "/.slipway/" not in call.path
        ]

    def references(self) -> list[str]:
        """Return the caller reference of each invalidation."""
        return [each.caller_ref for each in self.state.invalidations(DISTRIBUTION)]


def build(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """Let boto read its service descriptions once for all tests, not once for each client."""
    loader = create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_: loader)
        yield


@pytest.fixture
def amazon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    """The site serves v1; builds of v1 and v2 lie in the artifacts folder."""
    state = Aws(invalidation_takes=0.0)
    made = aws(state, buckets=[SITE, BACKUPS], unversioned=["plain"], distributions={DISTRIBUTION: SITE})
    artifacts = tmp_path / "artifacts"
    build(artifacts / "frontend-v1", V1)
    build(artifacts / "frontend-v2", V2)
    monkeypatch.setattr(aws_api, "ATTEMPTS", 1)  # botocore sleeps between two; a test of its own holds that
    monkeypatch.setenv(
        "AIRFLOW_CONN_ARTIFACTS", json.dumps({"conn_type": "fs", "extra": {"path": str(artifacts)}})
    )
    with serving_aws(made) as (stand_in, address):
        monkeypatch.setenv("AIRFLOW_CONN_AWS", json.dumps(connection(address)))
        place = Environment(system="communityshare", name="production", aws="aws", artifacts="artifacts")
        run = LocalRun(environment=place)
        for name, text in V1.items():
            state.put(SITE, name, text.encode(), "text/html" if name.endswith(".html") else "text/plain")
        yield Amazon(stand_in=stand_in, state=state, run=run, artifacts=artifacts)


@pytest.fixture
def aws_run(amazon: Amazon) -> LocalRun:
    assert isinstance(amazon.run, LocalRun)
    return amazon.run
