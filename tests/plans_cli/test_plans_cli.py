"""The plan verbs of the launcher, as a person types them."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from slipway.plans_cli import main

# A plan without Airflow, so that these tests take milliseconds.
PLAIN = """
from tests.prove.plans import but
plan = but(name="{name}", title="The {name}"{changes})
dag = None
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of plans: two sound ones, a faulty one, and a file that cannot be run."""
    plans = {
        "bakery": "",
        "florist": "",
        "grocery": ", on_staging=[], after=(), preflight=[], name_of_the_shop=1",
        "kiosk": ", on_production=[], strategies=()",
    }
    for name, changes in plans.items():
        (tmp_path / f"{name}.py").write_text(PLAIN.format(name=name, changes=changes))
    (tmp_path / "_shared.py").write_text("1 / 0")
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    status = main(arguments, folder=folder, console=Console(file=out, width=300))
    return status, out.getvalue()


def test_the_list_shows_each_plan_with_its_risk_and_steps(folder: Path) -> None:
    _, text = run(folder, "list")
    assert "bakery   The bakery         medium  2 + 4" in text
    assert "florist  The florist        medium  2 + 4" in text


def test_a_broken_plan_is_listed_with_its_fault_and_the_others_stay(folder: Path) -> None:
    status, text = run(folder, "list")
    assert status == 1
    assert "grocery  it cannot be read  -       -" in text
    assert "grocery: 1 fault" in text
    assert "1. grocery.py, line 3: TypeError: " in text
    assert "florist" in text
    assert "_shared" not in text


def test_a_check_of_a_sound_plan_ends_well(folder: Path) -> None:
    assert run(folder, "check", "bakery") == (0, "bakery: no fault\n")


def test_a_check_names_every_fault_and_ends_with_one(folder: Path) -> None:
    status, text = run(folder, "check", "kiosk")
    assert status == 1
    assert "  1. on_production: there is no step, so a release would change nothing." in text
    assert 'it goes back to "new_baskets", which is no production step.' in text


def test_a_plan_of_wrong_types_keeps_no_other_from_the_list(folder: Path) -> None:
    (folder / "museum.py").write_text(PLAIN.format(name="museum", changes=', risk="medum", on_staging=None'))
    faults = (
        "museum: 2 faults\n"
        '  1. risk: it is "medum", which is no Risk. Did you mean Risk.MEDIUM? '
        "Valid: Risk.LOW, Risk.MEDIUM, Risk.HIGH.\n"
        "  2. on_staging: it is None, which is no list. Give it a list of Step.\n"
    )
    assert run(folder, "check", "museum") == (1, faults)
    assert run(folder, "explain", "museum") == (1, faults)
    status, text = run(folder, "list")
    assert status == 1
    assert text.endswith(faults)
    assert "museum   it cannot be read  -       -" in text
    assert "florist  The florist        medium  2 + 4" in text


def test_a_check_without_a_name_looks_at_all(folder: Path) -> None:
    status, text = run(folder, "check")
    assert status == 1
    assert "bakery: no fault" in text
    assert "kiosk: " in text


def test_a_file_and_its_plan_must_have_one_name(folder: Path) -> None:
    (folder / "bakery.py").rename(folder / "baker.py")
    assert run(folder, "check", "baker") == (
        1,
        "baker: 1 fault\n"
        '  1. name: the file is called baker.py, its plan "bakery". Give both the same name.\n',
    )


def test_a_file_without_a_dag_is_a_fault(folder: Path) -> None:
    path = folder / "bakery.py"
    path.write_text(path.read_text().replace("dag = None", ""))
    said = "no Airflow DAG comes out of it. Write dag = release_dag(plan)"
    assert said in run(folder, "check", "bakery")[1]


def test_a_file_without_a_plan_is_a_fault(folder: Path) -> None:
    (folder / "empty.py").write_text("")
    assert "empty.py: it makes no plan. Write plan = Plan(...)." in run(folder, "check", "empty")[1]


def test_a_syntax_error_is_told_with_its_line(folder: Path) -> None:
    (folder / "typo.py").write_text("plan = (\n\ndag = 1 +\n")
    assert "1. typo.py, line " in run(folder, "check", "typo")[1]


def test_an_unknown_plan_is_answered_with_the_nearest(folder: Path) -> None:
    status, text = run(folder, "check", "bakry")
    assert status == 1
    assert 'Did you mean "bakery"? Valid plans: "bakery", "florist", "grocery", "kiosk".' in text


def test_a_plan_is_explained_in_the_terminal_or_as_markdown(folder: Path) -> None:
    assert "The bakery ---" in run(folder, "explain", "bakery")[1]
    assert run(folder, "explain", "bakery", "--markdown")[1].startswith("# The bakery\n\nNew baskets.\n")


def test_a_misspelt_field_is_named_with_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "typo.py").write_text(
        "from slipway.kinds import Checklist\nlook = Checklist(name='look', item=['It works'])\n"
    )
    _, text = run(tmp_path, "check", "typo")
    assert '1. typo.py, line 2: Checklist has no field "item". Did you mean "items"?' in text


def test_a_plan_that_cannot_be_read_is_not_explained(folder: Path) -> None:
    status, text = run(folder, "explain", "grocery")
    assert status == 1
    assert "TypeError" in text


def test_a_verb_that_is_none_is_misuse(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(folder, "chek")
    assert ended.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Web Shop", "2nd", "web-shop", "import", "../shop", ""])
def test_an_unusable_name_begins_no_plan(folder: Path, name: str) -> None:
    status, text = run(folder, "new", name)
    assert status == 1
    assert "cannot be the name of a plan" in text


def test_an_existing_plan_is_not_written_over(folder: Path) -> None:
    before = (folder / "bakery.py").read_text()
    status, text = run(folder, "new", "bakery")
    assert status == 1
    assert "bakery.py is there already" in text
    assert (folder / "bakery.py").read_text() == before


def in_its_own_process(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a verb as the launcher does: what Airflow says while it is imported would come out here."""
    code = (
        "import sys; from pathlib import Path; from slipway.plans_cli import main;"
        "sys.exit(main(sys.argv[2:], folder=Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), *arguments],
        env={
            "PYTHONPATH": "include",
            "AIRFLOW_HOME": str(folder / "airflow"),
            "SLIPWAY_ROOT": str(folder / "sandbox"),  # where nothing runs
            "COLUMNS": "300",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_new_plan_passes_the_check(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    assert run(folder, "new", "web_shop")[0] == 0
    assert in_its_own_process(folder, "check", "web_shop") == (0, "web_shop: no fault\n")


def test_the_doctor_names_what_is_missing_and_how_to_add_it(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    run(folder, "new", "web_shop")
    status, text = in_its_own_process(folder, "doctor", "web_shop")
    assert status == 1
    assert 'There is no Airflow connection "web_shop_staging_db" (the doctor needs it)' in text
    assert "or as the variable AIRFLOW_CONN_WEB_SHOP_STAGING_DB." in text
    assert text.endswith(" of 14 do not answer\n")
