"""What the question of the gate shows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.gate.facts import OWNER, RELEASE
from tests.toy import plan

from slipway.gate.parameters import parameter_lines
from slipway.gate.records import Release
from slipway.gate.text import Asking, ask_text, question_text, shown_json, shown_release
from slipway.plan import Window


def question_with(
    *,
    release: Release = RELEASE,
    unproved: Sequence[str] = (),
    windows: Sequence[Window] = (),
    begins: str = "",
    **parameters: Any,
) -> list[str]:
    asking = Asking(
        plan=plan(windows=windows),
        approval=OWNER,
        release=release,
        unproved=unproved,
        criteria=(),
        version="v2",
        parameters=parameters,
        way_back=["- Deploy: switches back"],
        requester="rita",
        at=datetime(2026, 3, 6, 8, 30, tzinfo=UTC),  # a Friday
        deadline=datetime(2026, 3, 7, 8, 30, tzinfo=UTC),
        begins=begins,
    )
    return question_text(asking).splitlines()


def test_the_question_shows_every_parameter_on_a_line_of_its_own() -> None:
    lines = question_with(
        version="v2",
        intent="release",
        strategy="gradual",
        procedure="",
        share=0.25,
        regions=["eu", "us"],
        pace=1,
        break_glass="",
    )

    first = lines.index("### Parameters")
    assert lines[first + 1 : first + 10] == [
        "- `version`: `v2`",
        "- `intent`: `release`",
        "- `strategy`: `gradual`",
        "- `procedure`: (empty)",
        "- `share`: `0.25`",
        '- `regions`: `["eu", "us"]`',
        "- `pace`: `1`",
        "- `break_glass`: (empty)",
        "",
    ]


def test_the_package_that_staging_tried_is_shown_and_read_back() -> None:
    release = replace(RELEASE, packages={"deploy_ui": "5ec0"})

    lines = question_with(release=release)
    commit = lines.index("On staging: deploy at commit `abc123`.")
    assert lines[commit + 1] == "On staging: deploy_ui with the package of SHA-256 `5ec0`."
    assert shown_release(shown_json(release, ())) == release


def test_a_step_on_staging_that_proved_nothing_is_in_bold() -> None:
    lines = question_with(unproved=["staging.deploy_ui"])

    assert (
        "**staging.deploy_ui left no proof of what it tried: it was marked by hand, or skipped: a GO ends as "
        "NO-GO.**"
    ) in lines


def test_a_closed_window_is_in_bold_with_when_it_opens() -> None:
    weekend = Window(
        title="weekend", days=[5, 6], start=time(6), end=time(12), timezone=ZoneInfo("America/New_York")
    )
    said = (
        "**At 2026-03-06 03:30:00 EST no allowed window is open, and a GO outside one ends as NO-GO. "
        "The next one opens {when}**"
    )
    far = said.format(
        when="2026-03-07 06:00:00 EST: that is further than a DEFER may go, so trigger a new release then."
    )
    assert far in question_with(windows=[weekend])
    assert far not in question_with(windows=[weekend], break_glass="the service is down")
    soon = said.format(when="2026-03-06 06:00:00 EST: answer DEFER until then, or GO when it is open.")
    assert soon in question_with(windows=[replace(weekend, days=[4])])
    friday = replace(weekend, days=[4], start=time(3))
    assert not any("window" in line for line in question_with(windows=[friday]))


def test_a_rehearsal_is_in_bold_and_says_what_it_means() -> None:
    assert parameter_lines({"pace": 1800}) == [
        "- **`pace`: `1800`**, a rehearsal: waiting times are divided by `1800`"
    ]


@pytest.mark.parametrize("pace", [1, 1.0, "1"])
def test_real_time_is_not_in_bold(pace: object) -> None:
    assert parameter_lines({"pace": pace}) == [f"- `pace`: `{pace}`"]


def test_broken_glass_is_in_bold_and_says_what_it_means() -> None:
    assert parameter_lines({"break_glass": "customers cannot log in"}) == [
        "- **`break_glass`: `customers cannot log in`**, why it may go outside the allowed windows"
    ]


def test_a_secret_is_masked() -> None:
    assert parameter_lines({"api_token": "s3cr3t", "source": "https://ann:s3cr3t@example.org/x"}) == [
        "- `api_token`: `***`",
        "- `source`: `https://ann:***@example.org/x`",
    ]


def test_a_value_can_write_no_line_and_no_markdown_of_its_own() -> None:
    assert parameter_lines({"label": "a`b**\n### Criteria\n- **PASS** all"}) == [
        "- `label`: `` a`b** ### Criteria - **PASS** all ``"
    ]


def test_the_empty_fields_of_the_form_are_no_parameters() -> None:
    fields = {"rationale": "", "defer_until": None, "override": ""}

    assert parameter_lines({"version": "v2", **fields}) == ["- `version`: `v2`"]


def test_the_question_says_how_to_give_rationale_and_override_by_mark() -> None:
    text = "\n".join(question_with(version="v2"))

    assert "a GO without one ends as NO-GO" in text
    assert 'A line of it that starts with "override:" is the override.' in text


def test_both_questions_say_what_a_rollback_would_do() -> None:
    said = ["Undone is what has run by then, newest first, at the most this:", "", "- Deploy: switches back"]

    at_the_gate = question_with(version="v2")
    begin = at_the_gate.index("### If it goes wrong")
    assert at_the_gate[begin + 1 : begin + 4] == said
    asked = asked_with()
    begin = asked.index("### What a rollback does")
    assert asked[begin + 1 : begin + 4] == said


def test_whoever_is_asked_after_a_breach_reads_whom_to_call() -> None:
    assert asked_with("Manager: mia, 0123")[-4:-2] == [
        "May answer: ann. FIX FORWARD needs a rationale.",
        "Whom to call: Manager: mia, 0123.",
    ]
    assert not [line for line in asked_with() if line.startswith("Whom to call")]


def asked_with(whom_to_call: str = "") -> list[str]:
    text = ask_text(
        reasons=["slow"],
        people=["ann"],
        deadline=datetime(2026, 3, 7, 8, 30, tzinfo=UTC),
        way_back=["- Deploy: switches back"],
        whom_to_call=whom_to_call,
    )
    return text.splitlines()


def test_the_question_says_when_production_begins() -> None:
    lines = question_with(begins="Production waits for Fri 06 Mar 14:00 UTC.")
    assert "Production waits for Fri 06 Mar 14:00 UTC." in lines[: lines.index("### Parameters")]
