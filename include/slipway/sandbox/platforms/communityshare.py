"""What CommunityShare runs on: a machine behind SSH, AWS, a Kubernetes cluster and LaunchDarkly."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from slipway.sandbox.layout import Environment, Place, System, places, port, token
from slipway.sandbox.platforms import communityshare_cloud as cloud
from slipway.sandbox.platforms import machine
from slipway.sandbox.postgres import Postgres

AWS = "communityshare_aws"  # one account; the environments differ in their buckets


@dataclass(frozen=True)
class CommunitySharePlatform:
    """Its vendors: one AWS account; a machine, a cluster and flags of its own for each environment."""

    def serve(self, postgres: Postgres, open_: ExitStack) -> None:
        """Start the stand-ins, the cluster's nights and the CloudWatch agent."""
        root = postgres.root
        account = open_.enter_context(cloud.account(port(root, AWS, must_be_free=True)))
        for place in places(root, (System.COMMUNITYSHARE,), tuple(Environment)):
            if place.current.exists():  # what is chosen to run
                if not machine.is_furnished(place):
                    machine.furnish(place)
                cloud.serve(postgres, place, account, open_)

    def connections(self, postgres: Postgres) -> Mapping[str, Mapping[str, Any]]:
        """Return the connections of both environments."""
        found: dict[str, Mapping[str, Any]] = {}
        for place in places(postgres.root, (System.COMMUNITYSHARE,), tuple(Environment)):
            found |= {f"{place.name}_{role}": value for role, value in _connections(place).items()}
        return found

    def settings(self, place: Place) -> Mapping[str, object]:
        """Return where the service finds its flags, and the smoke test the site."""
        return {
            "LAUNCHDARKLY_URI": _address(place, "launchdarkly"),
            "LAUNCHDARKLY_SDK_KEY": cloud.sdk_key(place),
            "SITE_URL": _address(place, "site"),
        }

    def reset(self, postgres: Postgres, place: Place) -> None:
        """Bring machine, bucket, cluster and flags back to v1's."""
        machine.furnish(place)
        (place.home / "shared" / "critical_bugs").unlink(missing_ok=True)
        _ask(place, "POST", "/reset")

    def fingerprint(self, place: Place) -> Mapping[str, Any]:
        """Return the version checked out, that of each server, the site's files, flag and CronJobs."""
        servers = sorted((place.home / "instances").iterdir())
        return {
            "checked_out": machine.checked_out(place),
            "servers": {each.name: (each / "VERSION").read_text().strip() for each in servers},
            **_ask(place, "GET", ""),
        }


def _connections(place: Place) -> dict[str, Mapping[str, Any]]:
    from slipway.sandbox.vendors import aws, kubernetes
    from slipway.sandbox.vendors import ssh as ssh_server

    http = {"conn_type": "http", "schema": "http", "host": "127.0.0.1"}
    ssh = {
        "conn_type": "ssh",
        "host": "127.0.0.1",
        "port": port(place.root, f"{place.name}_ssh"),
        "login": "deploy",
        "password": token(place.root, place.name),
        "extra": {"host_key": ssh_server.host_key_of(place.home), "look_for_keys": "false"},
    }
    return {
        "server": ssh,
        "aws": aws.connection(f"http://127.0.0.1:{port(place.root, AWS)}"),
        "cluster": kubernetes.connection(_address(place, "cluster")),
        "launchdarkly": {
            **http,
            "port": port(place.root, f"{place.name}_launchdarkly"),
            "password": cloud.API_TOKEN,
        },
        "artifacts": {"conn_type": "fs", "extra": {"path": str(place.home / "api")}},
        "releases": {"conn_type": "fs", "extra": {"path": str(machine.worker_folder(place))}},
    }


def _address(place: Place, vendor: str) -> str:
    return f"http://127.0.0.1:{port(place.root, f'{place.name}_{vendor}')}"


def _ask(place: Place, method: str, path: str) -> dict[str, Any]:
    """Ask the stand-ins' process about one environment; the door is LaunchDarkly's."""
    address = f"{_address(place, 'launchdarkly')}/_stand_in/place{path}"
    with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
