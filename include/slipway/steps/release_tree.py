"""The folders of an environment: releases/<version>, the link `current`, and a release's own Python."""

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from slipway.run import Json, Run
from slipway.steps.faults import BadVersion, LinkInTheWay, ReleaseNotThere
from slipway.steps.reach import folder

REVISION = "REVISION"  # the file in a release that holds its commit; a release without it is unfinished
DEPLOYS = "deploys"  # the key in `before` under which a step keeps the version that it deploys
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")


@dataclass(frozen=True, kw_only=True)
class ReleaseTree:
    """Where one release of one environment lies."""

    home: Path
    version: str

    @classmethod
    def of(cls, run: Run, before: Mapping[str, Json] = MappingProxyType({})) -> "ReleaseTree":
        """Return the folders of this run, or in an undo of the release that captured `before`.

        The two differ when a later run rolls an earlier release back. Raises BadVersion.
        """
        version = str(before.get(DEPLOYS, run.version))
        if not _VERSION.fullmatch(version):
            raise BadVersion(version)
        return cls(home=folder(run, "host"), version=version)

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def path(self) -> Path:
        """The folder of this release."""
        return self.releases / self.version

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def venv(self) -> Path:
        return self.path / ".venv"

    @property
    def commit(self) -> str:
        """The commit that the folder holds, "" if it is not there or unfinished."""
        try:
            return (self.path / REVISION).read_text().strip()
        except OSError:
            return ""

    def there(self) -> Path:
        """Return the release's folder. Raises ReleaseNotThere."""
        if not self.path.is_dir():
            raise ReleaseNotThere(self.path)
        return self.path

    def deployed(self) -> str:
        """Return the name of the release that `current` points at, "" if none. Raises LinkInTheWay."""
        if self.current.is_symlink():
            return self.current.readlink().name
        if self.current.exists():
            raise LinkInTheWay(self.current)
        return ""

    def is_deployed(self) -> bool:
        """Whether `current` points at this release."""
        return self.deployed() == self.version

    def python(self, module: str = "") -> Path:
        """Return the release's own Python if it has one (with `module`, if named), else the worker's."""
        own = self.venv / "bin" / "python"
        has_module = not module or any(self.venv.glob(f"lib/python*/site-packages/{module}"))
        return own if own.exists() and has_module else Path(sys.executable)


def remove_folder(path: Path) -> None:
    """Remove a folder so that no half of it can ever be taken for a release."""
    doomed = path.with_name(f".removing-{path.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    if path.exists():
        path.rename(doomed)
        shutil.rmtree(doomed)
