"""Talk to the supervisor that runs."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from slipway.sandbox.errors import ServiceDidNotStart, SupervisorIsNotRunning
from slipway.sandbox.layout import Place


def state_file(root: Path) -> Path:
    return root.resolve() / "sandbox" / "supervisor.json"


def load_state_file(root: Path) -> Path:
    return root.resolve() / "sandbox" / "load.json"


def platforms_state_file(root: Path) -> Path:
    return root.resolve() / "sandbox" / "platforms.json"


def this_process() -> dict[str, float]:
    """What a state file says of the process that writes it, for `is_running`."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def is_running(path: Path) -> bool:
    """Whether the process that wrote this state file still runs (and not another one under its pid)."""
    try:
        state = json.loads(path.read_text())
        process = psutil.Process(state["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - state["started"]) < 1
    except (OSError, ValueError, psutil.Error):
        return False


def restart(place: Place) -> str:
    """Restart a service from its current release and wait for it. Raises ServiceDidNotStart."""
    return str(_ask(place.root, f"/restart/{place.name}", place.name)["message"])


def stop(place: Place) -> None:
    """Stop a service; it stays down until it is restarted."""
    _ask(place.root, f"/stop/{place.name}", place.name)


def status(root: Path) -> dict[str, Any]:
    """What the supervisor knows of each service."""
    return _ask(root, "/status", "status")


def _ask(root: Path, path: str, name: str) -> dict[str, Any]:
    file = state_file(root)
    if not is_running(file):
        raise SupervisorIsNotRunning(file)
    state = json.loads(file.read_text())
    request = urllib.request.Request(
        f"http://127.0.0.1:{state['port']}{path}",
        data=None if path == "/status" else b"",
        headers={"Authorization": f"Bearer {state['token']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as refused:
        raise ServiceDidNotStart(name, json.load(refused)["message"]) from refused
