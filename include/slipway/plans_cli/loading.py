"""Read the plans of a folder; a file that cannot be read keeps none of the others back."""

import contextlib
import dataclasses
import importlib.util
import io
import logging
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import PlanRefused, SlipwayError
from slipway.plan import Plan
from slipway.prove import proven, types
from slipway.prove.wording import choose

_UNKNOWN_FIELD = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A file of the plans' folder: its plan, or what is wrong with it.

    :param problems: all faults of the plan, or the one error that kept the file from being read
    """

    path: Path
    plan: Plan | None
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, which is also the plan's."""
        return self.path.stem


class UnknownPlan(SlipwayError):
    """A name for which the folder has no file."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        valid = [path.stem for path in _files(folder)]
        super().__init__(f'There is no plan "{name}" in {folder}. {choose(name, valid, "plans")}.')


def load_all(folder: Path) -> list[Loaded]:
    """Read every plan of the folder, by name."""
    return [load(path) for path in _files(folder)]


def load_named(name: str, folder: Path) -> Loaded:
    """Read one plan; raises UnknownPlan."""
    return load(find(name, folder))


def find(name: str, folder: Path) -> Path:
    """Return the file of a plan; raises UnknownPlan."""
    path = folder / f"{name}.py"
    if path not in _files(folder):
        raise UnknownPlan(name, folder)
    return path


def load(path: Path) -> Loaded:
    """Run the file and prove its plan; whatever it raises becomes its problem."""
    try:
        with in_silence():
            found = read(path)
    except PlanRefused as refused:
        return Loaded(path=path, plan=None, problems=tuple(str(fault) for fault in refused.faults))
    except Exception as error:  # a plan is Python: anything can come out of it
        return Loaded(path=path, plan=None, problems=(_error_in_words(path, error),))
    plan = found.get("plan")
    return Loaded(
        path=path,
        plan=plan if isinstance(plan, Plan) and not any(types.faults(plan)) else None,
        problems=tuple(_problems(path, found)),
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith(("_", ".")))


def read(path: Path) -> dict[str, object]:
    """Run the file of a plan and return what it makes; raises whatever the file raises."""
    spec = importlib.util.spec_from_file_location(f"slipway_plan_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses of the file look themselves up
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return vars(module)


def _problems(path: Path, found: dict[str, object]) -> Iterator[str]:
    plan = found.get("plan")
    if not isinstance(plan, Plan):
        yield f"{path.name}: it makes no plan. Write plan = Plan(...)."
        return
    if "dag" not in found:
        yield f"{path.name}: no Airflow DAG comes out of it. Write dag = release_dag(plan) after the plan."
    if plan.name != path.stem:
        yield f'name: the file is called {path.name}, its plan "{plan.name}". Give both the same name.'
    try:
        proven(plan)
    except PlanRefused as refused:
        yield from (str(fault) for fault in refused.faults)


def _error_in_words(path: Path, error: Exception) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    number = error.lineno if isinstance(error, SyntaxError) else (lines[-1] if lines else None)
    place = f"{path.name}, line {number}" if number else path.name
    if misspelt := _misspelt(path, error):
        return f"{place}: {misspelt}."
    return f"{place}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no text'}."


def _misspelt(path: Path, error: Exception) -> str:
    """Say which field is meant where the plan gives one that there is not, "" for any other error."""
    said = _UNKNOWN_FIELD.match(str(error)) if isinstance(error, TypeError) else None
    frames = [f for f, _ in traceback.walk_tb(error.__traceback__) if f.f_code.co_filename == str(path)]
    if not said or not frames:
        return ""
    kind, field = said.groups()
    known = frames[-1].f_globals.get(kind)
    if not dataclasses.is_dataclass(known):
        return ""
    valid = [each.name for each in dataclasses.fields(known) if each.init]
    return f'{kind} has no field "{field}". {choose(field, valid, "fields")}'


@contextlib.contextmanager
def in_silence() -> Iterator[None]:
    """Keep what Airflow says while it is imported out of the answer."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            yield
    finally:
        logging.disable(before)
