"""The repositories of the systems."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.sandbox.errors import UnknownTag
from slipway.sandbox.layout import System
from slipway.sandbox.repository import ensure_repository, export, tags

TAGS = [
    "v1",
    "v2",
    "v2-broken-migration",
    "v2-crash-on-start",
    "v2-data-corruption",
    "v2-error-rate",
    "v2-latency",
]


def _hashes(path: Path) -> str:
    return subprocess.run(["git", "-C", path, "show-ref"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("system", list(System))
def test_a_repository_has_the_same_hashes_wherever_it_is_built(tmp_path: Path, system: System) -> None:
    here, there = ensure_repository(tmp_path / "a", system), ensure_repository(tmp_path / "b", system)
    assert tags(here) == TAGS
    assert _hashes(here) == _hashes(there)


def test_every_release_knows_its_version(tmp_path: Path) -> None:
    path = ensure_repository(tmp_path, System.PLANNER)
    for tag in TAGS:
        export(path, tag, tmp_path / tag)
        assert (tmp_path / tag / "VERSION").read_text() == f"{tag}\n"


def test_a_tag_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = ensure_repository(tmp_path, System.PLANNER)
    with pytest.raises(UnknownTag, match=r"no tag 'v3'.*v1, v2, v2-broken"):
        export(path, "v3", tmp_path / "v3")


@pytest.mark.parametrize("system", list(System))
def test_the_tests_of_a_release_pass(tmp_path: Path, system: System) -> None:
    export(ensure_repository(tmp_path, system), "v2", tmp_path / "v2")
    command = [sys.executable, "-m", "pytest", "tests", "-q"]
    done = subprocess.run(command, cwd=tmp_path / "v2", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
