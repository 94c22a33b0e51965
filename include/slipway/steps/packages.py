"""The packages that a build left in the `artifacts` folder."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from slipway.run import Run
from slipway.steps.faults.azure import PackageLacks, PackageMissing
from slipway.steps.reach import folder


@dataclass(frozen=True, kw_only=True)
class Package:
    """A zip file of the build."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, run: Run, name: str) -> "Package":
        """Find a package by name; "{version}" in it is the release's. Raises PackageMissing."""
        path = folder(run, "artifacts") / name.format(version=run.version)
        if not path.is_file():
            raise PackageMissing(str(path))
        return cls.at(path)

    @classmethod
    def at(cls, path: Path) -> "Package":
        """Read the checksum of a file."""
        with path.open("rb") as file:
            return cls(path=path, sha256=hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def name(self) -> str:
        return self.path.name

    def member(self, name: str) -> bytes:
        """Return a file of the package. Raises PackageLacks."""
        try:
            with zipfile.ZipFile(self.path) as content:
                return content.read(name)
        except (KeyError, zipfile.BadZipFile) as error:
            raise PackageLacks(self.name, name) from error


def kept(run: Run, name: str, sha256: str) -> Package | None:
    """Return the package of that name if it is still there with that very content."""
    path = folder(run, "artifacts") / Path(name).name
    found = Package.at(path) if name and path.is_file() else None
    return found if found and found.sha256 == sha256 else None
