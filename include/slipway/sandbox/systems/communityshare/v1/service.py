"""Serve this release until SIGTERM: as one of the servers behind PORT, and on a port of its own."""

import os
import signal
import sys
import threading
import time

import database
import metrics
from application import build
from startup import prepare
from web import Server

POOL = metrics.Gauge("database_pool_in_use", "Share of the database connections that are in use")
DRAIN = 0.3  # seconds for requests that are under way when the server is to end


class Shared(Server):
    """Several servers listen at one address; the kernel gives each connection to one of them."""

    allow_reuse_port = True


def main():
    prepare()
    POOL.set_function(lambda: 1 - database._permits.qsize() / database.SIZE)
    app = build()
    servers = [Shared(int(os.environ["PORT"]), app)]
    if own := os.environ.get("INSTANCE_PORT"):
        servers.append(Server(int(own), app))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(f"{app.name} {app.version} serves {servers[0].url}", flush=True)
    ended.wait()
    for server in servers:
        server.shutdown()
        server.server_close()
    time.sleep(DRAIN)
    print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
