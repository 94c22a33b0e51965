"""Empty a CDN endpoint of what it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from slipway.kinds import Step, Undo, Undoing
from slipway.run import Evidence, Run
from slipway.steps.azure_api import arm, arm_answer, follow, group_path

_CDN = "2024-02-01"  # the API version of Microsoft.Cdn
_HARMLESS = "the CDN fetches anew what it does not keep"


@dataclass(frozen=True, kw_only=True)
class PurgeCdn(Step):
    """Purge paths of an Azure CDN endpoint and wait until Azure says that it is done.

    :param paths: e.g. "/*" for all
    :param when_undone: whether the undo purges too. Undo runs backwards: put such a step BEFORE the one
        that deploys the site, so that it purges when the site is back
    :param look_every: the longest time between two looks at the running purge
    """

    resource_group: str
    profile: str
    endpoint: str
    paths: Sequence[str] = ("/*",)
    when_undone: bool = False
    look_every: timedelta = timedelta(seconds=10)

    kind: ClassVar[str] = "purge_cdn"
    needs: ClassVar[tuple[str, ...]] = ("azure",)

    def undoing(self) -> Undoing:
        """Nothing is left to undo, unless the plan wants a purge then too."""
        if self.when_undone:
            return Undoing(undo=Undo.REVERSIBLE, how=self.undo_in_words())
        return Undoing(undo=Undo.NOTHING, how=self.leaves_nothing or _HARMLESS)

    def undo_in_words(self) -> str:
        """Say what is purged."""
        return f"purges {', '.join(self.paths)} of {self.endpoint} again" if self.when_undone else ""

    def look(self, run: Run) -> str:
        """Look at the endpoint."""
        arm(run, "GET", self._path, _CDN)
        return f"the endpoint {self.profile}/{self.endpoint} is there"

    def do(self, run: Run) -> Evidence:
        """Purge. Raises OperationFailed, StillGoing and the vendor's faults."""
        run.remember("before", lambda: {"endpoint": self.endpoint})
        return self._purge(run, "purge")

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Purge again, if the plan wants it. Raises what `do` raises."""
        if self.when_undone:
            return self._purge(run, "purge_again")
        return Evidence(changed=False, summary=_HARMLESS)

    def _purge(self, run: Run, key: str) -> Evidence:
        what = f"the purge of {', '.join(self.paths)} from {self.profile}/{self.endpoint}"
        follow(run, what, lambda: self._begin(run), every=self.look_every, key=key)
        return Evidence(after={"purged": list(self.paths)}, summary=f"{what} is done")

    def _begin(self, run: Run) -> Any:
        body = {"contentPaths": list(self.paths)}
        return arm_answer(run, "POST", f"{self._path}/purge", _CDN, json=body, safe=True)

    @property
    def _path(self) -> str:
        names = ("Microsoft.Cdn", "profiles", self.profile, "endpoints", self.endpoint)
        return group_path(self.resource_group, *names)
