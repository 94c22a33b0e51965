"""Swap two slots of an Azure web app, so that the other one takes the traffic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.azure_api import SETTINGS, arm_answer, close, follow, unsigned
from slipway.steps.azure_slots import PRODUCTION, WEB, Slot
from slipway.steps.faults.azure import SlotEmpty, SlotsMixed, SwapNotDone
from slipway.still_going import StillGoing
from slipway.vendor import Vendor, call
from slipway.vendor_faults import VendorUnreachable

_APP = Vendor(system="The web app", authorization="", settings=SETTINGS)
_WARMING = 60.0  # seconds that the version before may take to its first answer in the other slot


@dataclass(frozen=True, kw_only=True)
class SwapSlots(Step):
    """Exchange what two slots hold; what took the traffic before stays warm in the other slot.

    A swap done twice is no swap, so the slots are told apart by the deployment that each one holds, and
    swapped only while they hold what they held when the step began.

    :param slot: the slot whose content is to take the traffic
    :param with_slot: the slot that takes the traffic
    :param warm_path: what the version before is asked for in its new slot, e.g. "/api/health"; "" asks not
    :param look_every: the longest time between two looks at a running swap
    """

    resource_group: str
    app: str
    slot: str = "green"
    with_slot: str = PRODUCTION
    warm_path: str = ""
    look_every: timedelta = timedelta(seconds=5)

    kind: ClassVar[str] = "swap_slots"
    needs: ClassVar[tuple[str, ...]] = ("azure",)

    def undo_in_words(self) -> str:
        """Say what is swapped back."""
        return f"swaps {self.slot} and {self.with_slot} back, if they are swapped"

    def look(self, run: Run) -> str:
        """Look at the two slots."""
        return "; ".join(self._place(run, name).standing() for name in (self.with_slot, self.slot))

    def do(self, run: Run) -> Evidence:
        """Swap and verify. Raises SlotEmpty, SlotsMixed, SwapNotDone, OperationFailed and StillGoing."""
        before = dict(run.remember("before", lambda: self._settled(run)))
        if not before["slot"]["deployment"]:
            raise SlotEmpty(f"{self.app}/{self.slot}")
        wanted = _exchanged(before)
        self._bring(run, start=before, wanted=wanted, key="swap")
        serves, keeps = _name(wanted["with_slot"]), _name(wanted["slot"])
        summary = f"{self.with_slot} serves {serves}, {self.slot} keeps {keeps}"
        return Evidence(before=before, after=wanted, proof=self._warm(run), summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Swap back if the slots are swapped. Raises what `do` raises."""
        before = dict(evidence.before)
        if "slot" not in before:
            run.log.info("Nothing to undo in %s: the swap was never begun", run.environment.label)
            return Evidence(changed=False, summary="the swap was never begun")
        swapped = _exchanged(before)
        changed = self._bring(run, start=swapped, wanted=before, key="swap_back")
        summary = f"{self.with_slot} serves {_name(before['with_slot'])}"
        return Evidence(before=swapped, after=before, changed=changed, summary=summary)

    def _bring(self, run: Run, *, start: Json, wanted: Json, key: str) -> bool:
        """Swap if the slots stand as at the start; False if they stood as wanted already."""
        now = self._settled(run)
        if now == wanted:
            run.log.info("%s: %s: as wanted", self.app, self._told(now))
            return close(run, key)
        if now != start:
            raise SlotsMixed(self.app, self._told(now), self._told(start))
        run.log.info("%s: %s: they are to be swapped", self.app, self._told(now))
        what = f"the swap of {self.app}/{self.slot} with {self.with_slot}"
        follow(run, what, lambda: self._swap(run), every=self.look_every, key=key)
        if (now := self._settled(run)) != wanted:
            raise SwapNotDone(self.app, self._told(now))
        return True

    def _swap(self, run: Run) -> Any:
        body = {"targetSlot": self.with_slot, "preserveVnet": True}
        return arm_answer(run, "POST", f"{self._place(run, self.slot).path}/slotsswap", WEB, json=body)

    def _settled(self, run: Run) -> dict[str, Json]:
        """Return what each slot holds at one moment.

        Raises StillGoing while an operation is running on one of them, and where one has just ended: what was
        seen of the first slot before it and of the other one after it never stood together.
        """
        slot, with_slot = self._held(run, self.slot), self._held(run, self.with_slot)
        if self._held(run, self.slot) != slot:
            raise StillGoing(f"Azure has just changed {self.app}/{self.slot}", every=self.look_every)
        return {"slot": slot, "with_slot": with_slot}

    def _held(self, run: Run, name: str) -> dict[str, Json]:
        place = self._place(run, name)
        if (place.site() or {}).get("inProgressOperationId"):
            raise StillGoing(f"Azure is at work on {place}", every=self.look_every)
        held = place.active()
        return {"deployment": held.id if held else "", "package": held.package if held else ""}

    def _warm(self, run: Run) -> dict[str, Json]:
        """Look that the version before still runs in the other slot; a cold one is said, and is no fault."""
        place = self._place(run, self.slot)
        site = place.site() or {}
        proof: dict[str, Json] = {"state": site.get("state", "")}
        if self.warm_path:
            proof["answers"] = self._answer(run, place, str(site.get("defaultHostName", "")))
        cold = proof["state"] != "Running" or proof.get("answers", 200) >= 500
        if cold:
            run.log.warning("%s does not answer: a swap back would have to warm it first (%s)", place, proof)
        return proof | {"warm": not cold}

    def _answer(self, run: Run, place: Slot, host: str) -> int:
        """Return the status that a slot answers with, 599 if it does not."""
        at = f"{place.scheme}://{host}"
        conn_id, accept = run.environment.azure, range(400, 599)
        try:
            answer = call(
                _APP, conn_id, "GET", self.warm_path, at=at, auth=unsigned, accept=accept, timeout=_WARMING
            )
        except VendorUnreachable as error:
            run.log.info("%s", error)
            return 599
        return answer.status_code

    def _place(self, run: Run, name: str) -> Slot:
        return Slot(run, self.resource_group, self.app, name)

    def _told(self, standing: Mapping[str, Json]) -> str:
        holds, other = _name(standing["with_slot"]), _name(standing["slot"])
        return f"{self.with_slot} holds {holds} and {self.slot} holds {other}"


def _exchanged(standing: Mapping[str, Json]) -> dict[str, Json]:
    return {"slot": standing["with_slot"], "with_slot": standing["slot"]}


def _name(held: Mapping[str, Json]) -> str:
    number = str(held["deployment"])[:12]
    return str(held["package"]) or (f"deployment {number}" if number else "nothing")
