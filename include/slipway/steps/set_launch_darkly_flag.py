"""Say who gets a feature, in LaunchDarkly."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.kinds import Step
from slipway.run import LEFT_DOWN, Evidence, Json, Run
from slipway.steps.faults.launchdarkly import FlagTurnedOff
from slipway.steps.launchdarkly_api import (
    Rules,
    ask,
    change,
    flag_path,
    in_words,
    look_at_flag,
    rules_of,
    same,
)

_WHOLE = 100_000  # a rollout's weights are thousandths of a percent


@dataclass(frozen=True, kw_only=True)
class SetLaunchDarklyFlag(Step):
    """Turn a flag on (or off) and say whom it serves the new variation.

    Targets and segments are added to those that are there; everybody else follows `percentage`.

    :param flag: the key
    :param environment: LaunchDarkly's key of the environment; by default the name of the phase's environment
    :param targets: keys of users that get the new variation whatever the percentage
    :param segments: keys of segments whose members get it
    :param percentage: the share of all others that gets it, 0 to 100, in steps of 0.001
    :param variation: index of the new variation
    :param otherwise: index of the variation for everybody else
    :param only_if_on: refuse if the flag is off: for each stage after the one that turned it on, so that a
        flag that a person turned off is not turned on again
    :param context_kind: what is counted and targeted, e.g. "user" or "organization"
    """

    flag: str
    on: bool = True
    targets: Sequence[str] = ()
    segments: Sequence[str] = ()
    percentage: float = 0.0
    variation: int = 0
    otherwise: int = 1
    only_if_on: bool = False
    context_kind: str = "user"
    project: str = "default"
    environment: str = ""

    kind: ClassVar[str] = "set_launch_darkly_flag"
    needs: ClassVar[tuple[str, ...]] = ("launchdarkly",)
    sets_flag: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError for a percentage that is none, and for what contradicts itself."""
        if not 0 <= self.percentage <= 100:
            raise ValueError(f"{self.name}: percentage is 0 to 100, not {self.percentage:g}")
        if self.only_if_on and not self.on:
            raise ValueError(f"{self.name}: only_if_on is for a step that turns the flag on, not off")

    def undo_in_words(self) -> str:
        """Name the flag."""
        return f"gives {self.flag} back the whole rule set from before (on or off, targets, rules, shares)"

    def look(self, run: Run) -> str:
        """Look at the flag and its environment."""
        return look_at_flag(run, self.project, self.flag, self._where(run))

    def do(self, run: Run) -> Evidence:
        """Set it and read it back.

        Raises NoSuchFlagEnvironment, FlagTurnedOff, FlagChangedMeanwhile, FlagNotTaken and the vendor's
        faults.
        """
        now = self._now(run)
        if self.only_if_on and not now["on"]:
            raise FlagTurnedOff(self.flag, self._where(run))
        before = run.remember("before", lambda: {"rules": now})
        wanted = self._wanted(now)
        change(run, self.project, self.flag, self._where(run), wanted)
        after = {"rules": self._now(run)}
        changed = not same(before["rules"], after["rules"])
        summary = f"{self.flag}: {in_words(before['rules'])} -> {in_words(wanted)}"
        return Evidence(before=before, after=after, changed=changed, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Give it back the rule set from before. Raises what `do` raises."""
        rules = evidence.before.get("rules")
        if rules is None:
            return Evidence(changed=False, summary=f"{self.flag} was never touched")
        if ask(run, "GET", flag_path(self.project, self.flag), accept={404}) is None:
            run.log.info("Nothing to undo: the flag %s is gone, and with it all its rules", self.flag)
            proof = {LEFT_DOWN: {self._name(run): rules["on"]}}
            return Evidence(proof=proof, changed=False, summary=f"{self.flag} is gone")
        now = self._now(run)
        known = (rules, evidence.after.get("rules") or now)
        if not any(same(now, each) for each in known):
            run.log.warning(
                "Somebody changed %s in %s after this step; that is overwritten too. It was: %s",
                self.flag, self._where(run), in_words(now),
            )  # fmt: skip
        killed = self._was_killed(evidence, now)
        if killed:
            run.log.warning(
                "Somebody turned %s off in %s after this step: it stays off. The rest goes back to: %s",
                self.flag, self._where(run), in_words(rules),
            )  # fmt: skip
        wanted = {**rules, "on": False} if killed else rules
        changed = change(run, self.project, self.flag, self._where(run), wanted)
        why = " (somebody had turned it off, so it stays off)" if killed else ""
        return Evidence(
            before={"rules": now},
            after={"rules": wanted},
            proof={LEFT_DOWN: {self._name(run): killed}},
            changed=changed,
            summary=f"{self.flag}: {in_words(now)} -> {in_words(wanted)}{why}",
        )

    def _was_killed(self, evidence: Evidence, now: Rules) -> bool:
        """Whether an undo would turn a flag on again that not this step but somebody else turned off."""
        left_on = evidence.after.get("rules", {"on": self.on})["on"]
        return bool(evidence.before["rules"]["on"] and left_on and not now["on"])

    def _name(self, run: Run) -> str:
        return f"{self.flag} ({self.project}, {self._where(run)})"

    def _where(self, run: Run) -> str:
        return self.environment or run.environment.name

    def _now(self, run: Run) -> Rules:
        return rules_of(ask(run, "GET", flag_path(self.project, self.flag)), self._where(run))[0]

    def _wanted(self, now: Rules) -> Rules:
        """Return the rule set that this step makes of what is there."""
        wanted = deepcopy(now)
        wanted["on"] = self.on
        if self.on:
            wanted["fallthrough"] = self._shares()
        if self.targets:
            place = "targets" if self.context_kind == "user" else "contextTargets"
            wanted[place] = self._with_targets(wanted.get(place, []))
        rules = wanted.setdefault("rules", [])
        rules += [self._rule(key) for key in self.segments if not any(self._is_for(r, key) for r in rules)]
        return wanted

    def _shares(self) -> dict[str, Json]:
        share = round(self.percentage * _WHOLE / 100)
        if share in {0, _WHOLE}:
            return {"variation": self.variation if share else self.otherwise}
        weights = [
            {"variation": self.variation, "weight": share},
            {"variation": self.otherwise, "weight": _WHOLE - share},
        ]
        return {"rollout": {"contextKind": self.context_kind, "variations": weights}}

    def _with_targets(self, given: Sequence[dict[str, Any]]) -> list[Json]:
        """Add the targets to the new variation and take them from any other: a key may stand in one only."""
        merged: list[Json] = []
        ours = set(self.targets)
        for each in given:
            if each.get("contextKind", "user") != self.context_kind:
                merged.append(each)
            elif each["variation"] == self.variation:
                ours |= set(each["values"])
            elif left := [key for key in each["values"] if key not in self.targets]:
                merged.append({**each, "values": left})
        entry = {"variation": self.variation, "contextKind": self.context_kind, "values": sorted(ours)}
        return [entry, *merged]

    def _rule(self, segment: str) -> dict[str, Json]:
        clause = {"attribute": "segmentMatch", "op": "segmentMatch", "values": [segment], "negate": False}
        return {"variation": self.variation, "clauses": [clause]}

    def _is_for(self, rule: Mapping[str, Any], segment: str) -> bool:
        clauses = rule.get("clauses", ())
        return (
            rule.get("variation") == self.variation
            and len(clauses) == 1
            and clauses[0]["op"] == "segmentMatch"
            and not clauses[0].get("negate")
            and segment in clauses[0]["values"]
        )
