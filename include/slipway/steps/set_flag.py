"""Set feature flags of a service."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import LEFT_DOWN, Evidence, Json, Run
from slipway.steps.faults import FlagNotTaken, FlagSwitchedOff, ServiceUnreachable, UnknownFlag
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
        return f"{self.flag} {self.in_words}"

    @property
    def in_words(self) -> str:
        """The value without its name."""
        return f"{'on' if self.enabled else 'off'} for {self.percentage} %"

    @property
    def share(self) -> int:
        """The share of users that see the feature now, 0 to 100."""
        return self.percentage if self.enabled else 0


@dataclass(frozen=True, kw_only=True)
class SetFlag(Step):
    """Set feature flags through the service, in the order given; each is read back.

    The service offers GET and PUT of /api/flags/<name> as {"enabled": bool, "percentage": 0 to 100}. The
    password of its connection goes along as a bearer token.

    :param only_if_on: refuse if a flag is off: for each stage after the one that turned it on, so that a flag
        that a person turned off is not turned on again
    """

    flags: Sequence[FlagValue]
    only_if_on: bool = False

    kind: ClassVar[str] = "set_flag"
    needs: ClassVar[tuple[str, ...]] = ("service",)
    sets_flag: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError for what contradicts itself."""
        if self.only_if_on and not all(value.enabled for value in self.flags):
            raise ValueError(f"{self.name}: only_if_on is for a step that turns flags on, not off")

    def undo_in_words(self) -> str:
        """Name the flags."""
        return f"sets {', '.join(value.flag for value in self.flags)} back to the value before"

    def do(self, run: Run) -> Evidence:
        """Set them. Raises FlagSwitchedOff, UnknownFlag, ServiceUnreachable and the like."""
        now = [_get(run, value.flag) for value in self.flags]
        off = [value.flag for value in now if not value.enabled]
        if self.only_if_on and off:
            raise FlagSwitchedOff(run.environment.service, off)
        before = run.remember("before", lambda: {"flags": [asdict(value) for value in now]})
        for value in self.flags:
            _set(run, value)
        after = {"flags": [asdict(value) for value in self.flags]}
        summary = "; ".join(str(value) for value in self.flags)
        return Evidence(before=before, after=after, changed=before != after, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Set them back to the values before, last one first; what somebody narrowed or turned off stays so.

        Raises what `do` raises, but FlagSwitchedOff.
        """
        before = _values(evidence.before)
        wanted = [self._way_back(run, evidence, value) for value in before]
        changed = [_set(run, value) for value in reversed(wanted)]
        summary = "; ".join(str(value) for value in reversed(wanted)) or "the flags were never touched"
        kept = {was.flag: was != value for was, value in zip(before, wanted, strict=True)}
        if any(kept.values()):
            names = ", ".join(flag for flag, stays in kept.items() if stays)
            summary += f" (somebody had turned down {names}: it stays so)"
        return Evidence(
            before=evidence.after,
            after={"flags": [asdict(value) for value in wanted]},
            proof={LEFT_DOWN: kept},
            changed=any(changed),
            summary=summary,
        )

    def _way_back(self, run: Run, evidence: Evidence, before: FlagValue) -> FlagValue:
        """Return what an undo sets a flag to: what this step widened, and somebody narrowed, stays so."""
        now = _get(run, before.flag)
        left = {value.flag: value for value in _values(evidence.after) or self.flags}
        ours = left.get(before.flag, before)
        if now in (before, ours):
            return before
        if now.share < before.share < ours.share:
            run.log.warning(
                "Somebody set %s in %s after this step: it stays so, for it was %s before",
                now, run.environment.label, before.in_words,
            )  # fmt: skip
            return now
        run.log.warning(
            "Somebody set %s in %s after this step: it goes back to %s, as it was before",
            now, run.environment.label, before.in_words,
        )  # fmt: skip
        return before


def _values(state: Mapping[str, Json]) -> list[FlagValue]:
    return [FlagValue(**value) for value in state.get("flags", [])]


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
