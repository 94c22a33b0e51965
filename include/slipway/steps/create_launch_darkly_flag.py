"""Create a feature flag in LaunchDarkly."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults.launchdarkly import FlagInUse, FlagIsAnother
from slipway.steps.launchdarkly_api import ask, flag_path, look_at_flag
from slipway.vendor_faults import InTheWay


@dataclass(frozen=True, kw_only=True)
class Variation:
    """One of the values that a flag can have."""

    value: bool | int | float | str
    title: str = ""


ENABLED_OR_DISABLED = (Variation(value=True, title="Enabled"), Variation(value=False, title="Disabled"))


@dataclass(frozen=True, kw_only=True)
class CreateLaunchDarklyFlag(Step):
    """Create a flag, off in every environment; one that is there already must be what is described here.

    :param flag: the key, e.g. "maintenance_scheduling_enabled"
    :param flag_title: the flag's name in LaunchDarkly; the key if left out
    :param default: index of the variation that everybody gets until a rule says otherwise, on or off
    """

    flag: str
    flag_title: str = ""
    description: str = ""
    variations: Sequence[Variation] = ENABLED_OR_DISABLED
    default: int = 1
    temporary: bool = True
    tags: Sequence[str] = ()
    project: str = "default"

    kind: ClassVar[str] = "create_launch_darkly_flag"
    needs: ClassVar[tuple[str, ...]] = ("launchdarkly",)

    def undo_in_words(self) -> str:
        """Say when the flag is deleted."""
        return f"deletes the flag {self.flag} if this release created it"

    def look(self, run: Run) -> str:
        """Look at the project and the flag."""
        return look_at_flag(run, self.project, self.flag)

    def do(self, run: Run) -> Evidence:
        """Create it. Raises FlagIsAnother and the vendor's faults."""
        before = run.remember("before", lambda: {"exists": self._read(run) is not None})
        if self._read(run) is None:
            self._create(run)
        else:
            run.log.info("The flag %s exists already; looking whether it is the one described", self.flag)
        found = self._compared(run)
        made = not before["exists"] and _mark(run) in found["tags"]
        summary = f"{self.flag} {'created, off everywhere' if made else 'was there already'}"
        after = {"exists": True, "made": made, "version": found["_version"]}
        return Evidence(before=before, after=after, changed=made, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Delete it if this release made it. Raises FlagInUse and the vendor's faults."""
        found = self._read(run)
        if found is None or evidence.before.get("exists", True) or _mark(run) not in found["tags"]:
            why = f"the flag {self.flag} " + ("is not there" if found is None else "is not of this release")
            run.log.info("Nothing to undo: %s", why)
            return Evidence(changed=False, summary=why)
        on = sorted(name for name, each in found["environments"].items() if each["on"])
        if on:
            raise FlagInUse(self.flag, on)
        ask(run, "DELETE", flag_path(self.project, self.flag), accept={404})
        run.log.info(
            "Deleted the flag %s, which this release created and which was off everywhere", self.flag
        )
        return Evidence(before=evidence.after, after=evidence.before, summary=f"{self.flag} deleted")

    def _read(self, run: Run) -> Any:
        return ask(run, "GET", flag_path(self.project, self.flag), accept={404})

    def _create(self, run: Run) -> None:
        body: dict[str, Json] = {
            "key": self.flag,
            **self._described(),
            "temporary": self.temporary,
            "tags": [*self.tags, _mark(run)],
        }
        run.log.info("Creating the flag %s in the project %s", self.flag, self.project)
        try:
            ask(run, "POST", f"flags/{self.project}", json=body)
        except InTheWay:  # somebody was quicker; the comparison that follows decides
            if self._read(run) is None:  # or something else is in the way
                raise
            run.log.info("The flag %s was created by somebody else at this moment", self.flag)

    def _described(self) -> dict[str, Json]:
        return {
            "name": self.flag_title or self.flag,
            "description": self.description,
            "variations": [
                {"value": each.value, "name": each.title or str(each.value)} for each in self.variations
            ],
            "defaults": {"onVariation": self.default, "offVariation": self.default},
        }

    def _compared(self, run: Run) -> Any:
        """Return the flag as it is. Raises FlagIsAnother."""
        found, wanted = self._read(run) or {}, self._described()
        values = [each["value"] for each in found.get("variations", ())]
        if values != [each.value for each in self.variations]:
            raise FlagIsAnother(self.flag, "variations", [each.value for each in self.variations], values)
        if found.get("defaults") != wanted["defaults"]:
            raise FlagIsAnother(self.flag, "defaults", wanted["defaults"], found.get("defaults"))
        if found.get("archived"):
            raise FlagIsAnother(self.flag, "state", "live", "archived")
        return found


def _mark(run: Run) -> str:
    """Return the tag by which a later try knows what this release created."""
    digest = hashlib.sha256(f"{run.plan_name}/{run.undone_release}".encode()).hexdigest()
    return f"slipway-{digest[:16]}"
