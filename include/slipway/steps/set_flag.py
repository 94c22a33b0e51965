"""Set feature flags of a service."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import FlagNotTaken, ServiceUnreachable, UnknownFlag
from slipway.steps.reach import ask_service

_FLAGS = "/api/flags"


@dataclass(frozen=True, kw_only=True)
class FlagValue:
    """A flag and what it is set to.

    :param percentage: the share of users that see the feature, 0 to 100
    """

    flag: str
    enabled: bool = True
    percentage: int = 100

    def __str__(self) -> str:
        return f"{self.flag} {'on' if self.enabled else 'off'} for {self.percentage} %"


@dataclass(frozen=True, kw_only=True)
class SetFlag(Step):
    """Set feature flags through the service, in the order given; each is read back.

    The service offers GET and PUT of /api/flags/<name> as {"enabled": bool, "percentage": 0 to 100}. The
    password of its connection goes along as a bearer token.
    """

    flags: Sequence[FlagValue]

    kind: ClassVar[str] = "set_flag"
    needs: ClassVar[tuple[str, ...]] = ("service",)
    sets_flag: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        """Name the flags."""
        return f"sets {', '.join(value.flag for value in self.flags)} back to the value before"

    def do(self, run: Run) -> Evidence:
        """Set them. Raises UnknownFlag, ServiceUnreachable, TokenRefused and FlagNotTaken."""
        before = run.remember(
            "before", lambda: {"flags": [asdict(_get(run, value.flag)) for value in self.flags]}
        )
        for value in self.flags:
            _set(run, value)
        after = {"flags": [asdict(value) for value in self.flags]}
        summary = "; ".join(str(value) for value in self.flags)
        return Evidence(before=before, after=after, changed=before != after, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Set them back to the values before, last one first. Raises what `do` raises."""
        values = [FlagValue(**value) for value in reversed(evidence.before.get("flags", []))]
        changed = [_set(run, value) for value in values]
        summary = "; ".join(str(value) for value in values) or "the flags were never touched"
        return Evidence(before=evidence.after, after=evidence.before, changed=any(changed), summary=summary)


def _set(run: Run, wanted: FlagValue) -> bool:
    """Bring one flag to its value; False if it had it already."""
    now = _get(run, wanted.flag)
    if now == wanted:
        run.log.info("Flag %s of %s: already so", wanted, run.environment.label)
        return False
    body: dict[str, Json] = {"enabled": wanted.enabled, "percentage": wanted.percentage}
    request = f"{_FLAGS}/{wanted.flag}"
    answer = ask_service(run, "PUT", request, json=body)
    if not answer.ok:
        raise ServiceUnreachable(
            run.environment.service, f"PUT {request}", f"HTTP {answer.status_code}: {answer.text[:200]}"
        )
    found = _get(run, wanted.flag)
    if found != wanted:
        raise FlagNotTaken(wanted.flag, str(wanted), str(found))
    run.log.info("Flag %s of %s (before: %s)", wanted, run.environment.label, now)
    return True


def _get(run: Run, flag: str) -> FlagValue:
    request = f"{_FLAGS}/{flag}"
    answer = ask_service(run, "GET", request)
    if answer.status_code == 404:
        raise UnknownFlag(run.environment.service, flag, _known(run))
    if not answer.ok:
        raise ServiceUnreachable(
            run.environment.service, f"GET {request}", f"HTTP {answer.status_code}: {answer.text[:200]}"
        )
    body = answer.json()
    return FlagValue(flag=flag, enabled=bool(body["enabled"]), percentage=int(body["percentage"]))


def _known(run: Run) -> list[str]:
    answer = ask_service(run, "GET", _FLAGS)
    try:
        body = answer.json() if answer.ok else {}
    except ValueError:
        body = {}
    return sorted(body) if isinstance(body, dict) else sorted(str(row["name"]) for row in body)
