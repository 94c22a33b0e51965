"""Check the service that runs: health, version, flags, tasks and tools. PORT says where."""

import json
import os
import sys
import urllib.request
from pathlib import Path

BASE = f"http://127.0.0.1:{os.environ['PORT']}"
VERSION = (Path(__file__).parent.parent / "VERSION").read_text().strip()


def get(path, **headers):
    with urllib.request.urlopen(urllib.request.Request(BASE + path, headers=headers), timeout=5) as answer:
        return json.load(answer)


CHECKS = {
    "healthy": lambda: get("/health")["status"] == "ok",
    f"serves {VERSION}": lambda: get("/version")["version"] == VERSION,
    "six feature flags": lambda: len(set(get("/api/flags")) - {"weekly_digest"}) == 6,
    "lists tasks with workload": lambda: "workload_minutes" in get("/api/tasks", **{"X-User": "1"}),
    "tools endpoint": lambda: "tools" in get("/api/tools", **{"X-User": "1"}),
}


def passes(check):
    try:
        return check()
    except (OSError, KeyError, ValueError) as error:
        print(f"     {error}")
        return False


def main():
    results = {name: passes(check) for name, check in CHECKS.items()}
    for name, passed in results.items():
        print(f"{'PASS' if passed else 'FAIL'} {name}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
