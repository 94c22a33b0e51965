"""Says what is missing or wrong on this machine, each with its mend."""

import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console

from slipway.local.process import marked
from slipway.local.service import REPOSITORY
from slipway.local.settings import MARK
from slipway.local.stack import ROOT, Stack

NEEDED_GB = 2  # a first start with backups and logs of some dozens of releases


def examine(console: Console) -> int:
    """Print every fault found, with its mend; return 0 when there is none."""
    faults = [*_dependencies(), *_disk(), *_processes(), *_plans()]
    for fault in faults:
        console.print(f"- {fault}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{len(faults)} found" if faults else "nothing is wrong", style="red" if faults else "green"
    )
    return 1 if faults else 0


def _dependencies() -> Iterator[str]:
    # Lines with a marker may belong to another system or Python; those without must all be here.
    for name, pin in re.findall(r"^([\w.-]+)==(\S+)$", (REPOSITORY / "requirements.txt").read_text(), re.M):
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "not installed"
        if found != pin:
            yield f"{name}: {found}, pinned is {pin}. Remove .venv and call ./slipway again"


def _disk() -> Iterator[str]:
    free = shutil.disk_usage(REPOSITORY).free / 1e9
    if free < NEEDED_GB:
        yield f"{REPOSITORY}: {free:.1f} GB free, {NEEDED_GB} needed. Old backups and logs are in {ROOT}"


def _processes() -> Iterator[str]:
    alive = Stack().airflow.status()
    if any(alive.values()) and not all(alive.values()):
        dead = ", ".join(name for name, runs in alive.items() if not runs)
        yield f"Airflow: {dead} ended, the rest runs. ./slipway up starts what is missing"
    elif not any(alive.values()) and (left := marked(MARK, str(ROOT))):
        yield f"{len(left)} processes of a crashed run are left. ./slipway down ends them"


def _plans() -> Iterator[str]:
    airflow = Stack().airflow
    if not all(airflow.status().values()):
        return
    with airflow.client() as client:
        for file, error in client.import_errors().items():
            yield f"{file}: {error.strip().splitlines()[-1]}. See ./slipway plan check"
