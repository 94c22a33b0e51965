"""The planner's production of the practice range, as the tests prepare it and look at it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from slipway.sandbox import Sandbox
from slipway.sandbox.layout import Place

SCRIPT = """#!/bin/sh
# Count the restarts; wait while a test holds them.
version=$(cat current/VERSION)
echo "begun $version" >> restarts
while [ -e hold ]; do sleep 0.1; done
bin/restart || exit 1
echo "done $version" >> restarts
"""


@dataclass(frozen=True)
class Production:
    """The planner's production."""

    sandbox: Sandbox
    system: str = "planner"

    @property
    def place(self) -> Place:
        return self.sandbox.place(self.system, "production")

    def reset(self) -> dict[str, Any]:
        """Bring it back to v1 and return its fingerprint."""
        self.let_go()
        self.sandbox.reset(self.system, "production")
        script = self.place.home / "bin" / "counted-restart"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        (self.place.home / "restarts").unlink(missing_ok=True)
        return self.fingerprint()

    def fingerprint(self) -> dict[str, Any]:
        """Version, schema, rows and flags, and the releases on disk."""
        folders = [path for path in (self.place.home / "releases").iterdir() if path.is_dir()]
        facts = self.sandbox.fingerprint(self.system, "production")
        return facts | {"releases": sorted(path.name for path in folders)}

    def hold(self) -> None:
        """Let the next restart of a deployment wait."""
        (self.place.home / "hold").touch()

    def let_go(self) -> None:
        (self.place.home / "hold").unlink(missing_ok=True)

    def restarts(self) -> dict[str, int]:
        """Return how often each restart was begun and done, e.g. {"begun v2": 1}."""
        try:
            return dict(Counter((self.place.home / "restarts").read_text().splitlines()))
        except FileNotFoundError:
            return {}
