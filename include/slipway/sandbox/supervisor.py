"""Runs the services of the sandbox: python -m slipway.sandbox.supervisor --root ROOT."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

from slipway.sandbox.control import state_file, this_process
from slipway.sandbox.layout import Environment, System, instances, places, with_slots
from slipway.sandbox.service import Service

LOOK_EVERY = 0.3  # seconds between looks at the services


class Control(ThreadingHTTPServer):
    """The loopback door for restart, stop and status."""

    daemon_threads = True

    def __init__(self, services: dict[str, Service]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.services = services
        self.token = secrets.token_urlsafe(16)

    def carry_out(self, action: str, name: str) -> tuple[int, dict[str, object]]:
        """Do what was asked; an HTTP status and the answer."""
        if action == "status":
            return 200, {each: service.status() for each, service in self.services.items()}
        # "system_environment" are all servers of it, "system_environment/api-1" is one of them
        chosen = [each for key, each in self.services.items() if f"{key}/".startswith(f"{name}/")]
        if not chosen or action not in ("restart", "stop"):
            known = ", ".join(self.services)
            return 404, {"message": f"nothing to {action} under {name!r}; this sandbox runs {known}"}
        try:
            if action == "restart":
                return 200, {"message": "\n".join([service.restart() for service in chosen])}
            for service in chosen:
                service.stop()
        except (RuntimeError, OSError) as fault:
            return 500, {"message": str(fault)}
        return 200, {"message": f"{name} is stopped"}


class Handler(BaseHTTPRequestHandler):
    server: Control

    def answer(self) -> None:
        given = self.headers.get("Authorization") or ""
        if secrets.compare_digest(given, f"Bearer {self.server.token}"):
            action, _, name = self.path.strip("/").partition("/")
            status, content = self.server.carry_out(action, name)
        else:
            status, content = 401, {"message": "the token of the state file is required"}
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        print(f"control: {format % args}", flush=True)


def run(root: Path, systems: tuple[str, ...], environments: tuple[str, ...]) -> None:
    """Run the services until SIGTERM or SIGINT, then end them all."""
    ended = threading.Event()

    def end(signum: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    services = {
        service.name: service
        for place in with_slots(places(root, systems, environments))
        for service in (Service(place, instance) for instance in instances(place))
    }
    control = Control(services)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    try:
        _together(_start, services)
        _write_state(root, control)
        while not ended.wait(LOOK_EVERY):
            for service in services.values():
                service.revive()
    finally:
        state_file(root).unlink(missing_ok=True)
        _together(Service.stop, services)


def _together(act: Callable[[Service], None], services: dict[str, Service]) -> None:
    with ThreadPoolExecutor(max(1, len(services))) as workers:
        list(workers.map(act, services.values()))


def _start(service: Service) -> None:
    if not service.place.current.exists():  # a slot to which nothing was deployed yet
        return
    try:
        print(service.restart(), flush=True)
    except (RuntimeError, OSError) as fault:  # one bad release does not keep the others down
        print(fault, flush=True)


def _write_state(root: Path, control: Control) -> None:
    """Tell where the door is; whoever waits for this file finds every service started."""
    path = state_file(root)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(
        json.dumps(
            {
                **this_process(),
                "port": control.server_address[1],
                "token": control.token,
                "services": list(control.services),
            }
        )
    )
    fresh.rename(path)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--system", action="append", choices=list(System))
    parser.add_argument("--environment", action="append", choices=list(Environment))
    chosen = parser.parse_args(arguments)
    run(chosen.root, tuple(chosen.system or System), tuple(chosen.environment or Environment))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
