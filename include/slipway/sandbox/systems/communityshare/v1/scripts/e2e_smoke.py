"""Smoke test of the whole: the site as CloudFront serves it, and the API behind it. --env=<environment>."""

import json
import os
import re
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent.parent
VERSION = (HERE / "VERSION").read_text().strip()
SETTINGS = dict(
    line.split("=", 1) for line in (HERE.parent / "shared" / "env").read_text().splitlines() if "=" in line
)
API, SITE = f"http://127.0.0.1:{SETTINGS['PORT']}", SETTINGS["SITE_URL"]


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
        return answer.read().decode()


def page_and_scripts():
    page = get(f"{SITE}/index.html")
    scripts = re.findall(r'src="([^"]+)"', page)
    return f"CommunityShare {VERSION}" in page and all(get(f"{SITE}/{script}") for script in scripts)


TESTS = {
    f"the site shows {VERSION}, and its scripts are there": page_and_scripts,
    "the API is healthy": lambda: json.loads(get(f"{API}/health"))["version"] == VERSION,
    "a resource is shown": lambda: json.loads(get(f"{API}/api/resources/1", **{"X-User": "1"}))["id"] == 1,
}


def passes(test):
    try:
        return test()
    except (OSError, ValueError, KeyError) as error:
        print(f"     {error}")
        return False


def main():
    wanted = dict(part.removeprefix("--").split("=", 1) for part in sys.argv[1:])
    if wanted.get("env", SETTINGS["ENVIRONMENT"]) != SETTINGS["ENVIRONMENT"]:
        print(f"this is {SETTINGS['ENVIRONMENT']}, not {wanted['env']}")
        return 2
    results = {name: passes(test) for name, test in TESTS.items()}
    for name, passed in results.items():
        print(f"{'PASS' if passed else 'FAIL'} {name}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
