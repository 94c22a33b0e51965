"""What CPR runs on: Azure with its slots and its App Configuration, a CDN, and what the build left."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from slipway.sandbox.layout import Environment, Place, System, places, port, token, with_slots
from slipway.sandbox.platforms.doors import Doors, opened
from slipway.sandbox.platforms.goals_build import ensure_artifacts
from slipway.sandbox.platforms.goals_cloud import Cloud
from slipway.sandbox.postgres import Postgres
from slipway.sandbox.vendors.azure_state import AzureState
from slipway.sandbox.vendors.cdn import cdn
from slipway.sandbox.vendors.stand_in import CONTROL, StandIn, serving

_SAME = AzureState()  # names and secrets of the stand-in's account


class GoalsPlatform:
    """The vendors of CPR."""

    def serve(self, postgres: Postgres, open_: ExitStack) -> None:
        """Serve both environments."""
        root = postgres.root
        artifacts, doors = ensure_artifacts(root), Doors({})
        open_.enter_context(serving(_shelf(artifacts), port(root, "goals_artifacts")))
        for place in _places(root):
            cloud = Cloud(place, artifacts, doors)
            number = port(root, f"{place.name}_azure")
            open_.enter_context(serving(cloud.stand_in(), number))
            names = cloud.names
            origin = f"http://127.0.0.1:{number}/static/{names.site}/{names.build}"
            network = cdn(origin, lambda c=cloud: c.state.endpoints[c.names.endpoint])  # type: ignore[misc]
            open_.enter_context(serving(network, port(root, f"{place.name}_site")))
        open_.enter_context(opened(doors))

    def connections(self, postgres: Postgres) -> Mapping[str, Mapping[str, Any]]:
        """Return those of Azure, the store, the site behind the CDN, and the build's folder."""
        root = postgres.root
        made: dict[str, Mapping[str, Any]] = {
            "goals_artifacts": {
                "conn_type": "fs",
                "extra": {
                    "path": str(root / "sandbox" / System.GOALS / "artifacts"),
                    "url": f"http://127.0.0.1:{port(root, 'goals_artifacts')}",
                },
            }
        }
        for place in _places(root):
            made |= _of(place)
        return made

    def settings(self, place: Place) -> Mapping[str, object]:
        """Return the port behind the door, and the store's connection string."""
        return {
            "PORT": port(place.root, f"{place.name}_worker"),
            "APP_CONFIGURATION": f"Endpoint=http://127.0.0.1:{port(place.root, f'{place.name}_azure')}"
            f";Id={_SAME.credential};Secret={_SAME.key_secret}",
        }

    def reset(self, postgres: Postgres, place: Place) -> None:
        """Have the stand-in go back to v1."""
        _ask(place, "reset", b"")

    def fingerprint(self, place: Place) -> Mapping[str, Any]:
        """Return slots, site and switches."""
        return dict(_ask(place, "fingerprint"))


def _places(root: Path) -> list[Place]:
    return places(root, (System.GOALS,), tuple(Environment))


def _of(place: Place) -> dict[str, Mapping[str, Any]]:
    here = {"conn_type": "http", "schema": "http", "host": "127.0.0.1"}
    azure = {**here, "port": port(place.root, f"{place.name}_azure")}
    extra = {
        "tenant": _SAME.tenant,
        "subscription": _SAME.subscription,
        "authority": f"http://127.0.0.1:{azure['port']}",
    }
    return {
        f"{place.name}_azure": {**azure, "login": _SAME.client, "password": _SAME.secret, "extra": extra},
        f"{place.name}_app_configuration": {
            **azure,
            "login": _SAME.credential,
            "password": _SAME.key_secret,
        },
        f"{place.name}_site": {**here, "port": port(place.root, f"{place.name}_site")},
        **{
            slot.name: {
                **here,
                "port": port(place.root, slot.name),
                "password": token(place.root, place.name),
            }
            for slot in with_slots([place])[1:]
        },
    }


def _shelf(folder: Path) -> StandIn:
    """Serve the build's folder, as a blob container does."""
    from flask import Flask, send_from_directory

    app = Flask("artifacts")

    @app.get("/<path:name>")
    def file(name: str) -> Any:
        return send_from_directory(folder, name)

    return StandIn(app=app, error=lambda status, said: (f"{status}: {said}", status))


def _ask(place: Place, what: str, body: bytes | None = None) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port(place.root, f'{place.name}_azure')}{CONTROL}/{what}"
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
