"""Set a key of an Azure App Configuration store, e.g. a feature switch."""

from dataclasses import dataclass, replace
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import LEFT_DOWN, Evidence, Run
from slipway.steps.app_configuration_api import KeyValue, delete, read, write
from slipway.steps.faults import FlagNotTaken


@dataclass(frozen=True, kw_only=True)
class SetAppConfiguration(Step):
    """Set one key and read it back; content type and tags stay as they are.

    :param label: the label of the key-value, "" for none
    """

    key: str
    value: str
    label: str = ""

    kind: ClassVar[str] = "set_app_configuration"
    needs: ClassVar[tuple[str, ...]] = ("app_configuration",)
    sets_flag: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        """Name the key."""
        return f"sets {self.key} back to the value before, or deletes it if there was none"

    def do(self, run: Run) -> Evidence:
        """Set it. Raises ChangedMeanwhile, FlagNotTaken and the vendor's faults."""
        before = run.remember("before", lambda: self._now(run).content())
        now = self._now(run)
        self._bring(run, now, replace(now, value=self.value, etag="wanted"))
        after = self._now(run).content()
        was = f'"{before["value"]}"' if before["there"] else "absent"
        summary = f'{self.key} is "{self.value}" (before: {was})'
        return Evidence(before=before, after=after, changed=before != after, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Set it back, or delete it; what somebody turned down or deleted stays so.

        Raises what `do` raises.
        """
        content = dict(evidence.before)
        if "there" not in content:
            run.log.info("Nothing to undo in %s: %s was never touched", run.environment.label, self.key)
            return Evidence(changed=False, summary=f"{self.key} was never touched")
        there = content.pop("there")
        wanted = KeyValue(**content, etag="wanted") if there else KeyValue()
        if self._is_kept(run, evidence, wanted):
            summary = f"{self.key} stays as somebody set it since"
            proof = {LEFT_DOWN: {self._name: True}}
            return Evidence(before=evidence.after, proof=proof, changed=False, summary=summary)
        changed = self._bring(run, self._now(run), wanted)
        summary = f"{self.key} is {wanted}" + ("" if changed else " already")
        return Evidence(
            before=evidence.after,
            after=evidence.before,
            proof={LEFT_DOWN: {self._name: False}},
            changed=changed,
            summary=summary,
        )

    @property
    def _name(self) -> str:
        return f"{self.key} ({self.label})" if self.label else self.key

    def _is_kept(self, run: Run, evidence: Evidence, before: KeyValue) -> bool:
        """Whether somebody turned down since what was on before; what somebody set else is overwritten."""
        now, place = self._now(run), run.environment.app_configuration
        ours = evidence.after or {"value": self.value, "there": True}
        if now.content() == evidence.before or all(now.content()[key] == ours[key] for key in ours):
            return False
        if now.is_below(before):
            run.log.warning(
                "Somebody set %s in %s to %s after this step: it stays so, for it was %s before",
                self.key, place, now, before,
            )  # fmt: skip
            return True
        run.log.warning(
            "Somebody set %s in %s to %s after this step: it goes back to %s", self.key, place, now, before
        )
        return False

    def _bring(self, run: Run, now: KeyValue, wanted: KeyValue) -> bool:
        """Bring the key to what is wanted and read it back; False if it was so already."""
        if now.content() == wanted.content():
            run.log.info("%s is %s in %s already", self.key, wanted, run.environment.app_configuration)
            return False
        if wanted.there:
            write(run, self.key, self.label, wanted, now)
        else:
            delete(run, self.key, self.label, now)
        found = self._now(run)
        if found.content() != wanted.content():
            raise FlagNotTaken(self.key, str(wanted), str(found))
        run.log.info("%s is %s now (before: %s)", self.key, found, now)
        return True

    def _now(self, run: Run) -> KeyValue:
        return read(run, self.key, self.label)
