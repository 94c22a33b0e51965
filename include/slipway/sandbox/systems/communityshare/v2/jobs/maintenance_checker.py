"""The nightly job: has the API look for maintenance that is due and alert its owners. API_URL, API_TOKEN."""

import json
import os
import sys
import urllib.error
import urllib.request


def main():
    request = urllib.request.Request(
        f"{os.environ['API_URL']}/api/maintenance/check",
        data=b"{}",
        headers={"Authorization": f"Bearer {os.environ['API_TOKEN']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            print(json.load(answer))
            return 0
    except (urllib.error.URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
