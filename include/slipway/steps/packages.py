"""The packages that a build left in the `artifacts` folder."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from slipway.kinds import ReleasingStep
from slipway.run import Json, Run
from slipway.steps.faults.azure import PackageLacks, PackageMissing
from slipway.steps.reach import folder
from slipway.steps.tried import see_that_package_was_tried


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
    def to_release(cls, run: Run, name: str, step: ReleasingStep) -> "Package":
        """Find the package that goes out: in production the very one that staging tried.

        Raises PackageMissing, NothingTried and NotTheTriedPackage.
        """
        package = cls.of(run, name)
        see_that_package_was_tried(run, step, package.name, package.sha256)
        return package

    @classmethod
    def at(cls, path: Path) -> "Package":
        """Read the checksum of a file."""
        with path.open("rb") as file:
            return cls(path=path, sha256=hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def name(self) -> str:
        return self.path.name

    def proof(self) -> dict[str, Json]:
        """Return what the gate shows and production compares."""
        return {"package": self.name, "package_sha256": self.sha256}

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
