"""What the tests of the Azure steps share."""

import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.still_going import StillGoing


def package(path: Path, files: Mapping[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)


def through(act: Callable[[], Evidence]) -> Evidence:
    """Call again while it is still going, as the task does."""
    until = time.monotonic() + 60
    while True:
        try:
            return act()
        except StillGoing:
            assert time.monotonic() < until
            time.sleep(0.02)


def posts(cloud: Azure, ending: str) -> int:
    """Count the POSTs to paths with this ending."""
    return sum(call.method == "POST" and call.path.partition("?")[0].endswith(ending) for call in cloud.calls)
