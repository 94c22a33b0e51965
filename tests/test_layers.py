"""A lower layer never imports a higher one, and nothing that meets real systems knows the sandbox."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "include" / "slipway"
BELOW = ("steps", "checks", "metrics", "notices", "delivery", "gate", "watch")
ADAPTERS = ("steps", "checks", "metrics", "notices", "delivery", "vendor.py", "vendor_faults.py")
ABOVE = ("airflow", "report", "cli", "plans_cli", "local", "compile", "prove", "explain", "sandbox")


def files(*names: str) -> Iterator[Path]:
    for name in names:
        yield from [LIBRARY / name] if name.endswith(".py") else (LIBRARY / name).rglob("*.py")


def imported(path: Path) -> set[str]:
    """Return the parts of slipway that a file imports, anywhere in it, e.g. "sandbox"."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {name.split(".")[1] for name in names if name.startswith("slipway.")}
    return found


@pytest.mark.parametrize("path", list(files(*ADAPTERS)), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_an_adapter_knows_nothing_of_the_sandbox(path: Path) -> None:
    assert "sandbox" not in imported(path)


@pytest.mark.parametrize("path", list(files(*BELOW)), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_lower_layer_imports_no_higher_one(path: Path) -> None:
    assert imported(path).isdisjoint(ABOVE)


def test_only_the_launcher_and_the_doctor_start_the_sandbox() -> None:
    inside = set(files("sandbox", "local", "plans_cli", "cli.py"))
    others = [path for path in LIBRARY.rglob("*.py") if path not in inside and "sandbox" in imported(path)]
    assert others == []
