"""Whether an app's dynos on Heroku are up and run its current release."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.kinds import Check
from slipway.run import Finding, Run
from slipway.steps.heroku_api import ask, current, releases
from slipway.words import Answer


@dataclass(frozen=True, kw_only=True)
class DynosUp(Check):
    """See that as many dynos as the app is scaled to are up, each with the current release.

    A restart takes a while: give it `patience`.

    :param app: the app's name on Heroku
    :param process: the process type, e.g. "web"
    """

    app: str
    process: str = "web"

    kind: ClassVar[str] = "dynos_up"
    needs: ClassVar[tuple[str, ...]] = ("heroku",)

    def probe(self, run: Run) -> Finding:
        """Look once. Raises the faults of slipway.vendor_faults."""
        wanted = self._wanted(run)
        if not wanted:
            why = f"{self.app} is scaled to no {self.process} dyno"
            return Finding(answer=Answer.INCONCLUSIVE, summary=why, evidence={"wanted": 0})
        dynos = self._dynos(run)
        now = current(releases(run, self.app))
        states = Counter(_state(dyno, now.version if now else 0) for dyno in dynos)
        answer = Answer.PASS if states["up"] >= wanted else Answer.FAIL
        others = ", ".join(f"{n} {state}" for state, n in sorted(states.items()) if state != "up")
        summary = f"{states['up']} of {wanted} {self.process} dynos of {self.app} are up"
        summary += f" ({others})" if others else ""
        return Finding(answer=answer, summary=summary, evidence={"wanted": wanted, "states": dict(states)})

    def _wanted(self, run: Run) -> int:
        formation = ask(run, "GET", f"/apps/{self.app}/formation")
        return sum(int(each["quantity"]) for each in formation if each["type"] == self.process)

    def _dynos(self, run: Run) -> list[dict[str, Any]]:
        found = ask(run, "GET", f"/apps/{self.app}/dynos")
        return [dyno for dyno in found if dyno["type"] == self.process]


def _state(dyno: dict[str, Any], version: int) -> str:
    """Return a dyno's state, or that it runs another release than the current one."""
    return str(dyno["state"]) if dyno["release"]["version"] == version else "of another release"
