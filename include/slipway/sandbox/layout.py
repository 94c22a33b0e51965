"""Where everything of the practice range lives, and on which ports."""

from __future__ import annotations

import fcntl
import json
import os
import random
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slipway.sandbox.errors import UnknownSystem

TEMPLATES = Path(__file__).parent / "systems"
FAULTS = ("error-rate", "latency", "crash-on-start", "broken-migration", "data-corruption")
PORTS = range(20_000, 30_000)  # below the range from which outgoing connections take theirs


class System(StrEnum):
    PLANNER = "planner"
    CALIBRATION = "calibration"
    GOALS = "goals"
    COMMUNITYSHARE = "communityshare"
    SCORES = "scores"


class Environment(StrEnum):
    STAGING = "staging"
    PRODUCTION = "production"


# Deployment slots beside an environment's own: each is a home with its own process, on the same database.
SLOTS = {(System.GOALS, Environment.PRODUCTION): ("green",)}


def system(name: str) -> System:
    """The system of this name; raises UnknownSystem."""
    if name not in list(System):
        raise UnknownSystem(name, list(System))
    return System(name)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One environment of one system, or a deployment slot beside it."""

    root: Path
    system: System
    environment: Environment
    slot: str = ""

    @property
    def name(self) -> str:
        return "_".join(filter(None, (self.system, self.environment, self.slot)))

    @property
    def home(self) -> Path:
        folder = "-".join(filter(None, (self.environment, self.slot)))
        return self.root / "sandbox" / self.system / folder

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def repository(self) -> Path:
        return repository(self.root, self.system)

    @property
    def log(self) -> Path:
        return self.home / "log" / "service.log"

    @property
    def template_database(self) -> str:
        return f"{self.name}_v1"


# Systems that run as several servers behind one address; the others are one process.
INSTANCES: Mapping[System, tuple[str, ...]] = MappingProxyType({System.COMMUNITYSHARE: ("api-1", "api-2")})


def instances(place: Place) -> tuple[str, ...]:
    """The servers of an environment by name; one without a name where there is only one."""
    return INSTANCES.get(place.system, ("",))


def repository(root: Path, system: System) -> Path:
    return root / "sandbox" / system / "repository"


def places(root: Path, systems: tuple[str, ...], environments: tuple[str, ...]) -> list[Place]:
    """The chosen environments of the chosen systems."""
    return [
        Place(root=root.resolve(), system=system(s), environment=Environment(e))
        for s in systems
        for e in environments
    ]


def with_slots(chosen: list[Place]) -> list[Place]:
    """The chosen environments, each with its deployment slots."""
    return [
        replace(place, slot=slot)
        for place in chosen
        for slot in ("", *SLOTS.get((place.system, place.environment), ()))
    ]


def port(root: Path, name: str, *, must_be_free: bool = False) -> int:
    """The remembered port of `name`; a free one is chosen the first time.

    `must_be_free`: choose anew when another program took the remembered one.
    """
    with _alone(root):
        ports = {name: int(number) for name, number in _read(root, "ports.json").items()}
        if name not in ports or (must_be_free and not _is_free(ports[name])):
            ports[name] = _claimed(root, set(ports.values()))
            _write(root, "ports.json", ports)
        return ports[name]


def _claimed(root: Path, own: set[int]) -> int:
    """Return a free port that no sandbox of this machine has chosen: it may not listen there yet.

    :param own: what this sandbox has chosen already; the claims may be younger
    """
    claims = Path(tempfile.gettempdir()) / f"slipway-ports-{os.getuid()}.json"
    with claims.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            known: dict[str, list[int]] = json.loads(file.read() or "{}")
        except ValueError:  # who wrote it was killed meanwhile
            known = {}
        theirs = {path: ports for path, ports in known.items() if Path(path).is_dir()}
        taken = {number for ports in theirs.values() for number in ports} | own
        candidates = (number for number in random.sample(PORTS, len(PORTS)) if number not in taken)
        chosen = next(number for number in candidates if _is_free(number))
        mine = str(root.resolve())
        file.truncate(0)
        json.dump({**theirs, mine: sorted({*theirs.get(mine, ()), *own, chosen})}, file)
    return chosen


def token(root: Path, name: str) -> str:
    """The secret of `name`, made once and kept in a file that only its owner reads."""
    with _alone(root):
        tokens = _read(root, "tokens.json")
        if name not in tokens:
            tokens[name] = secrets.token_urlsafe(24)
            _write(root, "tokens.json", tokens)
        return str(tokens[name])


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Let no other thread or process choose at the same time."""
    folder = root / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "choosing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def _read(root: Path, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((root / "sandbox" / name).read_text())
    except FileNotFoundError:
        return {}
    return found


def _write(root: Path, name: str, content: Mapping[str, object]) -> None:
    folder = root / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{name}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content, indent=2))
    fresh.rename(folder / name)
