"""The Markdown of a plan: complete, and the same every time."""

from dataclasses import replace
from pathlib import Path

from tests.prove.plans import SOUND, Change, but

from slipway.compile import compile_plan
from slipway.explain import markdown
from slipway.kinds import Checklist
from slipway.metrics import GaugeValue
from slipway.watching import Threshold
from slipway.words import Severity

GOLDEN = Path(__file__).with_name("golden") / "shop.md"


def test_a_plan_is_explained_as_in_the_golden_file() -> None:
    assert markdown(compile_plan(SOUND)) == GOLDEN.read_text()


def test_the_same_plan_is_explained_by_the_same_text() -> None:
    assert markdown(compile_plan(but(title="Shop 3"))) == markdown(compile_plan(but(title="Shop 3")))


def test_a_point_of_no_return_is_called_by_its_name() -> None:
    mails = Change(name="send_mails", irreversible="mails cannot be called back")
    text = markdown(compile_plan(but(on_production=[*SOUND.on_production, mails])))
    assert "| 5 | Send mails | change | point of no return: mails cannot be called back | - |" in text


def test_nothing_in_a_plan_breaks_out_of_its_place() -> None:
    text = markdown(compile_plan(but(summary="a <b>bold</b> *claim*\n# of_a snake_case | [link](x)")))
    assert "a \\<b>bold\\</b> \\*claim\\* # of_a snake_case | \\[link](x)" in text


def test_a_cell_with_a_bar_stays_one_cell() -> None:
    steps = [replace(SOUND.on_staging[0], title="Back up | twice"), SOUND.on_staging[1]]
    assert "| 1 | Back up \\| twice | back up |" in markdown(compile_plan(but(on_staging=steps)))


def test_a_plan_without_windows_and_strategies_has_no_such_section() -> None:
    text = markdown(compile_plan(but(windows=(), strategies=(), after=())))
    assert "## Allowed windows" not in text
    assert "## Rollout" not in text
    assert "| strategy |" not in text
    assert "## After the release" not in text


def test_who_approves_reads_what_no_answer_leads_to_and_what_one_reading_decides() -> None:
    unsure = replace(SOUND.strategies[0].stages[0].require[0], on_unknown=Severity.LOW)
    asked = Checklist(name="content", items=["They are"], on_failure=Severity.MEDIUM, on_unknown=Severity.LOW)
    stage = replace(SOUND.strategies[0].stages[0], require=[unsure, asked])
    rollout = replace(SOUND.strategies[0], stages=[stage, *SOUND.strategies[0].stages[1:]])
    bugs = GaugeValue(name="bugs", gauge="bugs", newest=True)
    many = Threshold(metric="bugs", severity=Severity.HIGH, above=2)
    watch = replace(
        SOUND.watch, metrics=[*SOUND.watch.metrics, bugs], thresholds=[*SOUND.watch.thresholds, many]
    )
    text = markdown(compile_plan(but(strategies=[rollout], verify=[asked], watch=watch)))
    assert "No complaints (if not: CRITICAL; LOW where it cannot tell); Content (if not: MEDIUM; LOW" in text
    assert "Checklist: Content (an unticked item is MEDIUM; unanswered it is LOW)." in text
    assert "| Bugs | above 2, by the newest reading alone | HIGH | inconclusive |" in text


def test_what_people_look_at_in_a_stage_is_listed_with_it() -> None:
    stage = replace(SOUND.strategies[0].stages[0], look_at=["User feedback"])
    rollout = replace(SOUND.strategies[0], stages=[stage, *SOUND.strategies[0].stages[1:]])
    text = markdown(compile_plan(but(strategies=[rollout])))
    assert "People look at, Some customers:\n\n- User feedback\n" in text
    assert "People look at, All customers:" not in text


def test_a_task_that_the_plan_names_is_called_by_its_title() -> None:
    migrate = replace(SOUND.on_staging[1], title="Migrate to 020")
    text = markdown(compile_plan(but(on_staging=[SOUND.on_staging[0], migrate])))
    assert "| Staging is well | Migrate to 020; Looks well |" in text
    assert "back to: New baskets" in text
