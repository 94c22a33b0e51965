"""A git repository with the releases of a system, built from the templates; the same hashes everywhere."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from slipway.sandbox.errors import UnknownTag
from slipway.sandbox.layout import FAULTS, TEMPLATES, System, repository

AUTHOR = "Release Engineer"
EMAIL = "releases@example.invalid"
FIRST_DAY = 1_760_000_000  # 2025-10-09, seconds; each commit is a day later
DAY = 86_400
# Where main stays at version 1 until the release merges a branch: that holds the further versions.
FEATURE_BRANCHES: Mapping[System, str] = MappingProxyType({System.SCORES: "feature/manual-score-fixes"})


def ensure_repository(root: Path, system: System) -> Path:
    """Build the repository of a system, or anew when the templates changed since."""
    path, wanted = repository(root, system), digest(system)
    stamp = path.parent / "repository.digest"
    if path.exists() and stamp.exists() and stamp.read_text() == wanted:
        return path
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    _build(path, system)
    stamp.write_text(wanted)
    return path


def export(path: Path, tag: str, folder: Path) -> None:
    """Write the tree of a tag into `folder`, replacing it. Raises UnknownTag."""
    if tag not in (known := tags(path)):
        raise UnknownTag(path, tag, known)
    unpack(path, tag, folder)


def unpack(path: Path, commit: str, folder: Path) -> None:
    """Write the tree of a commit into `folder`, replacing it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    content = _git(path, "archive", commit, day=0)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")


def tags(path: Path) -> list[str]:
    """The tags of the repository, in the order of their names."""
    return _git(path, "tag", "--list", day=0).decode().split()


def _build(path: Path, system: System) -> None:
    templates = TEMPLATES / system
    _git(path, "init", "-q", "-b", "main", day=0)
    _commit(path, TEMPLATES / "shared", "Serve, measure and flag", day=0)
    _commit(path, templates / "v1", f"The {system}, version 1", day=1, tag="v1")
    if branch := FEATURE_BRANCHES.get(system):
        _on_a_branch(path, templates, branch)
        return
    _commit(path, templates / "v2", f"The {system}, version 2", day=20, tag="v2")
    for day, fault in enumerate(FAULTS, start=21):
        _git(path, "checkout", "-q", "-b", fault, "v2", day=day)
        _commit(path, templates / f"v2-{fault}", "Version 2, a further change", day=day, tag=f"v2-{fault}")
    _git(path, "checkout", "-q", "main", day=0)


def _on_a_branch(path: Path, templates: Path, branch: str) -> None:
    """Commit and tag every further version on one branch, the good one last; main goes on beside it."""
    _git(path, "checkout", "-q", "-b", branch, day=2)
    for day, version in enumerate([*(f"v2-{fault}" for fault in FAULTS), "v2"], start=15):
        _git(path, "rm", "-rfq", ".", day=day)  # nothing of the version before
        for base in (TEMPLATES / "shared", templates / "v1", templates / "v2"):
            _lay(base, path)
        _commit(path, templates / version, f"Manual scores, as of {version}", day=day, tag=version)
    _git(path, "checkout", "-q", "main", day=21)
    _commit(path, templates / "main", "Who is on duty", day=21)


def _commit(path: Path, overlay: Path, message: str, *, day: int, tag: str | None = None) -> None:
    _lay(overlay, path)
    # Without the index git reads every file: by size and second alone it overlooks a VERSION that changed.
    (path / ".git" / "index").unlink(missing_ok=True)
    _git(path, "add", "--all", day=day)
    _git(path, "commit", "-q", "-m", message, day=day)
    if tag is not None:
        _git(path, "tag", "-a", tag, "-m", f"Release {tag}", day=day)


def _lay(overlay: Path, path: Path) -> None:
    shutil.copytree(overlay, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def _git(path: Path, *arguments: str, day: int) -> bytes:
    moment = f"{FIRST_DAY + day * DAY} +0000"
    who = {
        "GIT_AUTHOR_NAME": AUTHOR,
        "GIT_AUTHOR_EMAIL": EMAIL,
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_NAME": AUTHOR,
        "GIT_COMMITTER_EMAIL": EMAIL,
        "GIT_COMMITTER_DATE": moment,
        # the settings of whoever runs this (signing, hooks, line ends) would change the hashes
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | who
    command = ["git", "-C", str(path), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True).stdout


def digest(system: System) -> str:
    """A digest of all that a system's releases are made from."""
    summed = hashlib.sha256()
    for base in (TEMPLATES / "shared", TEMPLATES / system):
        for file in sorted(base.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                summed.update(str(file.relative_to(TEMPLATES)).encode() + file.read_bytes())
    return summed.hexdigest()
