"""Ask the supervisor to restart one environment: restart.py STATE-FILE NAME (plain Python, starts fast)."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

LONGER_THAN_A_START = 40  # seconds


def main(state_file: str, name: str) -> int:
    """Print what came of it; 0 when the current release answers, else 1."""
    try:
        state = json.loads(Path(state_file).read_text())
        request = urllib.request.Request(
            f"http://127.0.0.1:{state['port']}/restart/{name}",
            data=b"",
            headers={"Authorization": f"Bearer {state['token']}"},
        )
        with urllib.request.urlopen(request, timeout=LONGER_THAN_A_START) as answer:
            print(json.load(answer)["message"])
            return 0
    except urllib.error.HTTPError as refused:
        print(json.load(refused)["message"], file=sys.stderr)
    except OSError as fault:
        print(f"{name}: the supervisor does not answer ({fault}); is the sandbox started?", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
