import subprocess
from pathlib import Path

import pytest
from tests.steps.world import World, killed_after

from slipway.run import Evidence
from slipway.steps import InstallDependencies, install_dependencies
from slipway.steps.faults import InstallFailed, RequirementsMissing
from slipway.testing import LocalRun

STEP = InstallDependencies(name="install_dependencies")


@pytest.fixture(autouse=True)
def venv(world: World) -> Path:
    """Where the environment is made, for a release that needs one local package."""
    world.release("v2")
    world.write(
        "greeting/pyproject.toml",
        '[project]\nname = "greeting"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = '
        '"build_it"\nbackend-path = ["."]\n',
    )
    world.write("greeting/build_it.py", BACKEND)
    world.write("requirements.txt", "./greeting\n")
    return world.home / "releases" / "v2" / ".venv"


# A build backend of a few lines, so that nothing is fetched from anywhere.
BACKEND = """
import zipfile
from pathlib import Path


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "greeting-1.0-py3-none-any.whl"
    info = "greeting-1.0.dist-info"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("greeting.py", "TEXT = 'hello'\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def says(venv: Path) -> str:
    argv = [venv / "bin" / "python", "-c", "import greeting; print(greeting.TEXT)"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_the_release_gets_an_environment_of_its_own_and_loses_it_again(run: LocalRun, venv: Path) -> None:
    evidence = STEP.do(run)
    assert says(venv) == "hello"
    assert evidence.summary == f"1 packages in {venv}"
    assert STEP.do(run).before == evidence.before
    STEP.undo(run, evidence)
    assert not venv.exists()
    assert STEP.undo(run, evidence).changed is False


def test_a_finished_environment_is_reused_and_a_half_made_one_is_not(run: LocalRun, venv: Path) -> None:
    STEP.do(run)
    (venv / "mark").touch()
    STEP.do(run)
    assert (venv / "mark").exists()
    (venv / ".slipway-installed").unlink()
    STEP.do(run)
    assert not (venv / "mark").exists()


def test_what_a_killed_try_installed_is_finished_by_the_next_or_removed_by_the_undo(
    run: LocalRun, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, install_dependencies, "run_program"):
        STEP.do(run)
    assert venv.exists()
    assert STEP.do(run).before["installed"] == ""
    assert says(venv) == "hello"
    undoing, evidence = run.at("rollback.undo_install"), Evidence(before=run.memory["before"])
    with killed_after(monkeypatch, install_dependencies, "remove_folder"):
        STEP.undo(undoing, evidence)
    assert STEP.undo(undoing, evidence).changed is False
    with killed_after(monkeypatch, install_dependencies, "run_program"):
        STEP.do(run)
    assert STEP.undo(undoing, evidence).changed is True
    assert not venv.exists()


def test_an_environment_that_was_there_or_is_deployed_survives_the_undo(
    run: LocalRun, world: World, venv: Path
) -> None:
    mine = STEP.do(run)
    later = STEP.do(run.at("later"))
    assert STEP.undo(run, later).summary == "this step did not make the environment"
    (world.home / "current").symlink_to("releases/v2")
    assert "stays" in STEP.undo(run, mine).summary
    assert STEP.undo(run, Evidence()).changed is False
    assert venv.exists()


def test_a_package_that_cannot_be_installed_is_named(run: LocalRun, world: World) -> None:
    world.write("requirements.txt", "./no-such-package\n")
    with pytest.raises(InstallFailed, match="no-such-package"):
        STEP.do(run)


def test_missing_requirements_are_named(run: LocalRun) -> None:
    with pytest.raises(RequirementsMissing, match=r"v2/other.txt: no such file"):
        InstallDependencies(name="install", requirements="other.txt").do(run)
