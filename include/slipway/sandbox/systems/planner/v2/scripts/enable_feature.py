"""Enable a feature for a share of the users. PORT and API_TOKEN say where and with which right."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feature", required=True)
    parser.add_argument("--percentage", type=int, default=100)
    parser.add_argument("--disable", action="store_true")
    wanted = parser.parse_args()
    flag = {"enabled": not wanted.disable, "percentage": 0 if wanted.disable else wanted.percentage}
    request = urllib.request.Request(
        f"http://127.0.0.1:{os.environ['PORT']}/api/flags/{wanted.feature}",
        data=json.dumps(flag).encode(),
        method="PUT",
        headers={"Authorization": f"Bearer {os.environ['API_TOKEN']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            print(wanted.feature, answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(wanted.feature, error.code, error.read().decode())
        return 1


if __name__ == "__main__":
    sys.exit(main())
