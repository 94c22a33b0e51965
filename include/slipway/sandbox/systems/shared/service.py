"""Serve this release on PORT until SIGTERM."""

import os
import signal
import sys
import threading

from application import build
from startup import prepare
from web import Server


def main():
    prepare()
    server = Server(int(os.environ["PORT"]), build())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"{server.app.name} {server.app.version} serves {server.url}", flush=True)
    server.serve_forever(poll_interval=0.1)
    print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
