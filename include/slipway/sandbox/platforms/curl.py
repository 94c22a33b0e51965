"""What the practice machines have for curl: one GET, with the names of the machine's own servers.

The names stand in ~/hosts.json, "api-1:8080" -> port. Any status but a success ends with 22, as with --fail.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

FAILED, NO_CONNECTION, TIMED_OUT = 22, 7, 28


def main(arguments: list[str]) -> int:
    """Print what the address answers; return curl's status."""
    limit, address = 30.0, ""
    given = iter(arguments)
    for each in given:
        if each == "--max-time":
            limit = float(next(given))
        elif not each.startswith("-"):
            address = each
    parts = urllib.parse.urlsplit(address)
    known = json.loads((Path.home() / "hosts.json").read_text())
    if number := known.get(parts.netloc):
        address = parts._replace(netloc=f"127.0.0.1:{number}").geturl()
    try:
        with urllib.request.urlopen(address, timeout=limit) as answer:
            sys.stdout.write(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError:
        return FAILED
    except TimeoutError:
        return TIMED_OUT
    except OSError:
        return NO_CONNECTION
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
