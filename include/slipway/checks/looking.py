"""Looking once, so that whatever goes wrong is an answer too."""

from typing import Any

from slipway.errors import SlipwayError, StepImpossible, in_one_line
from slipway.kinds import Check
from slipway.masking import masked_texts
from slipway.run import Finding, Run
from slipway.words import Answer

HOPELESS = "hopeless"  # in the evidence of an ERROR: looking again will not help


def run_check(check: Check, run: Run) -> Finding:
    """Probe once; an exception becomes ERROR with its first line as the summary.

    The finding is without any secret that Airflow knows, and without what looks like one (invariant I14).
    """
    return redacted(_found(check, run))


def _found(check: Check, run: Run) -> Finding:
    try:
        return check.probe(run)
    except Exception as error:  # a check that breaks has not passed, whatever broke it
        if not isinstance(error, SlipwayError):
            run.log.debug("%s broke", check.name, exc_info=True)
        evidence = {"error": type(error).__name__, HOPELESS: isinstance(error, StepImpossible)}
        return Finding(answer=Answer.ERROR, summary=said(error), evidence=evidence)


def redacted(finding: Finding) -> Finding:
    """Return a finding as it may be kept and shown."""
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    plain: Any = masked_texts(redact(finding.to_json()))
    return Finding.from_json(plain)


def said(error: BaseException) -> str:
    """Return an error as one line."""
    first = str(error).strip().partition("\n")[0]
    return first if isinstance(error, SlipwayError) and first else in_one_line(error)
