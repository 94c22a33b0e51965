"""The Azure of one environment of CPR: what the stand-in is told to deploy really runs."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slipway.sandbox import control
from slipway.sandbox.errors import SandboxError
from slipway.sandbox.layout import Environment, Place, port
from slipway.sandbox.platforms.doors import Doors
from slipway.sandbox.vendors.azure import Azure, azure
from slipway.sandbox.vendors.azure_state import PRODUCTION, App, AzureState, Build, KeyValue, Slot
from slipway.sandbox.vendors.stand_in import CONTROL

FLAG = "Features:PersonalGoals:Enabled"
_VERSION = re.compile(rb'<meta name="version" content="([^"]+)">')


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the plan calls the resources of one environment."""

    group: str
    app: str
    site: str
    build: str
    endpoint: tuple[str, str]


NAMES: Mapping[Environment, Names] = MappingProxyType(
    {
        Environment.STAGING: Names(
            group="cpr-staging-rg",
            app="cpr-api-staging",
            site="cpr-ui-staging",
            build="staging",
            endpoint=("cpr-cdn", "cpr-ui-staging"),
        ),
        Environment.PRODUCTION: Names(
            group="cpr-prod-rg",
            app="cpr-api-prod",
            site="cpr-ui-prod",
            build="default",
            endpoint=("cpr-cdn", "cpr-ui"),
        ),
    }
)


@dataclass(kw_only=True)
class Standing:
    """What outlives this process: who works in which slot, what the site serves, and the switches.

    :param workers: slot -> worker; "" is the environment's own process, the others are its layout.SLOTS
    """

    workers: dict[str, str] = field(default_factory=lambda: {PRODUCTION: ""})
    stopped: list[str] = field(default_factory=list)
    ui: str = "v1"
    keys: dict[str, str] = field(default_factory=lambda: {FLAG: "false"})


class Cloud:
    """Holds the stand-in's state and the real processes together."""

    def __init__(self, place: Place, artifacts: Path, doors: Doors) -> None:
        self.place, self.artifacts, self.doors = place, artifacts, doors
        self.names = NAMES[place.environment]
        self.file = place.home / "cloud.json"
        self.state = AzureState(groups=[self.names.group])
        self.state.deployed, self.state.swapped = self._deployed, self._swapped
        self.state.static_deployed = self._static_deployed
        self.standing = Standing()
        if self.file.exists():
            self.standing = Standing(**json.loads(self.file.read_text()))
        self._stand()

    def stand_in(self) -> Azure:
        """Return the stand-in, with what the sandbox asks of it."""
        from flask import request

        made = azure(self.state)

        @made.app.post(f"{CONTROL}/reset")
        def reset() -> Any:
            self.reset()
            return {"ok": True}

        @made.app.get(f"{CONTROL}/fingerprint")
        def fingerprint() -> Any:
            return self.fingerprint()

        @made.app.after_request
        def follow(response: Any) -> Any:
            if request.method != "GET":
                self._follow()
            return response

        return made

    def fingerprint(self) -> dict[str, Any]:
        """Return the version that each slot runs (None where nothing does), the site's, and the switches."""
        slots = {slot: self._runs(slot) for slot in (PRODUCTION, *self._spare()[:1])}
        return {"slots": slots, "ui": self.standing.ui, "switches": self._keys()}

    def reset(self) -> None:
        """Go back to v1, which the environment's own process serves by now."""
        with self.state.lock:
            self.standing = Standing()
            for worker in self._spare():
                with contextlib.suppress(SandboxError):
                    control.stop(self._place(worker))
                shutil.rmtree(self._place(worker).home, ignore_errors=True)
            self._stand()
            self._save()

    def _spare(self) -> list[str]:
        from slipway.sandbox.layout import SLOTS

        return list(SLOTS.get((self.place.system, self.place.environment), ()))

    def _stand(self) -> None:
        """Let the stand-in hold what the standing says."""
        names, state = self.names, self.state
        state.apps = {names.app: App()}
        for slot, worker in self.standing.workers.items():
            state.apps[names.app].slots[slot] = Slot(host=self._host(slot))
            if (version := self._version(worker)) is not None:
                self._hold(slot, version)
        for slot in self.standing.stopped:
            state.apps[names.app].slots[slot].state = "Stopped"
        package = (self.artifacts / f"cpr-ui-{self.standing.ui}.zip").read_bytes()
        state.sites = {names.site: {names.build: Build(package=package)}}
        state.endpoints.setdefault(names.endpoint, []).append(["/*"])
        state.keys = {(key, ""): KeyValue(value=value) for key, value in self.standing.keys.items()}
        self._lead()

    def _hold(self, slot: str, version: str) -> None:
        path = self.artifacts / f"cpr-api-{version}.zip"
        content = path.read_bytes()
        note = f"slipway: {path.name} sha256:{hashlib.sha256(content).hexdigest()} release:before"
        self.state.hold(self.names.app, slot, content, note)

    def _deployed(self, app: str, slot: str, package: bytes) -> None:
        """Unpack a package where the slot's worker lives and start it.

        One that does not start is no fault of the deployment: Azure too says success, and the site answers
        with an error.
        """
        worker = self.standing.workers.setdefault(slot, slot)
        place = self._place(worker)
        version = _unpack(package, place)
        if worker:
            self._settle_in(place)
        self._follow()
        try:
            print(control.restart(place), flush=True)
        except SandboxError as fault:
            print(f"{app}/{slot} holds {version}, which does not start: {fault}", flush=True)

    def _settle_in(self, place: Place) -> None:
        """Give a worker the environment's settings, with a port of its own."""
        own = {"PORT": port(place.root, f"{place.name}_worker"), "SERVICE_NAME": place.name}
        lines = (self.place.home / "shared" / "env").read_text().splitlines()
        lines = [line for line in lines if line.partition("=")[0] not in own]
        path = place.home / "shared" / "env"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("\n".join([*lines, *(f"{key}={value}" for key, value in own.items()), ""]))
        place.log.parent.mkdir(exist_ok=True)

    def _swapped(self, app: str, slot: str, other: str) -> None:
        workers = self.standing.workers
        workers[slot], workers[other] = workers[other], workers[slot]
        self._follow()

    def _static_deployed(self, site: str, environment: str, package: bytes) -> None:
        found = _VERSION.search(zipfile.ZipFile(io.BytesIO(package)).read("index.html"))
        self.standing.ui = found[1].decode() if found else "unknown"
        self._save()

    def _follow(self) -> None:
        """Bring processes, doors and the file to what the stand-in was told."""
        slots = self.state.apps[self.names.app].slots
        for name, slot in slots.items():
            slot.host = self._host(name)
            worker = self.standing.workers.get(name)
            if worker is None or (slot.state == "Stopped") is (name in self.standing.stopped):
                continue
            turn = control.stop if slot.state == "Stopped" else control.restart
            with contextlib.suppress(SandboxError):
                turn(self._place(worker))
        self.standing.stopped = [name for name, slot in slots.items() if slot.state == "Stopped"]
        self.standing.keys = self._keys()
        self._lead()
        self._save()

    def _lead(self) -> None:
        """Lead the door of each slot to its worker."""
        workers = self.standing.workers
        behind = {
            port(self.place.root, self._place(slot if slot != PRODUCTION else "").name): (
                port(self.place.root, f"{self._place(workers[slot]).name}_worker") if slot in workers else 0
            )
            for slot in (PRODUCTION, *self._spare())
        }
        self.doors.lead({**self.doors.behind, **behind})

    def _save(self) -> None:
        self.file.write_text(json.dumps(asdict(self.standing)))

    def _keys(self) -> dict[str, str]:
        return {key: value.value for (key, _), value in self.state.keys.items()}

    def _place(self, worker: str) -> Place:
        return replace(self.place, slot=worker)

    def _host(self, slot: str) -> str:
        door = self._place(slot if slot != PRODUCTION else "")
        return f"127.0.0.1:{port(self.place.root, door.name)}"

    def _runs(self, slot: str) -> str | None:
        worker = self.standing.workers.get(slot)
        return None if worker is None or slot in self.standing.stopped else self._version(worker)

    def _version(self, worker: str) -> str | None:
        with contextlib.suppress(OSError):
            return (self._place(worker).current / "VERSION").read_text().strip()
        return None


def _unpack(package: bytes, place: Place) -> str:
    """Unpack a package as the current release of a home; return its version."""
    content = zipfile.ZipFile(io.BytesIO(package))
    version = content.read("VERSION").decode().strip()
    release = place.home / "releases" / version
    if not release.exists():
        content.extractall(release)
    draft = place.home / ".current"
    draft.unlink(missing_ok=True)
    draft.symlink_to(Path("releases") / version)
    draft.replace(place.current)
    return version
