"""Serves the stand-ins of the chosen systems until SIGTERM or SIGINT."""

import argparse
import json
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from slipway.sandbox.control import platforms_state_file, this_process
from slipway.sandbox.layout import Environment, System
from slipway.sandbox.platforms import PLATFORMS, post
from slipway.sandbox.postgres import Postgres, running_port


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--system", action="append", choices=list(System))
    parser.add_argument("--environment", action="append", choices=list(Environment))
    chosen = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    port = running_port(chosen.root)
    assert port is not None, "the sandbox starts its database server first"
    postgres = Postgres.start(chosen.root, port)
    state = platforms_state_file(chosen.root)
    with ExitStack() as open_:
        post.serve(chosen.root, open_)
        for system in chosen.system or System:
            if platform := PLATFORMS.get(System(system)):
                platform.serve(postgres, open_)
        open_.callback(state.unlink, missing_ok=True)
        state.write_text(json.dumps(this_process()))
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
