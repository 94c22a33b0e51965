"""Deploy a package to a slot of an Azure web app."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from urllib.parse import quote

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run, remembered
from slipway.steps.azure_slots import PRODUCTION, Deployment, Slot
from slipway.steps.faults.azure import DeploymentFailed, DeploymentUnrecognised, SlotTakenOver
from slipway.steps.packages import Package, kept
from slipway.still_going import NotYet, StillGoing

APPEARS_WITHIN = timedelta(minutes=5)  # after that, a package that was sent and is not listed is sent again


@dataclass(frozen=True, kw_only=True)
class DeployToSlot(ReleasingStep):
    """Bring a package of the build to a slot through Kudu's zip deploy, and wait until it is deployed.

    A slot that is not there is created, a stopped one is started. The package's SHA-256 goes along as the
    deployment's message, so that a second try knows its own deployment.

    :param package: name in the `artifacts` folder; "{version}" in it is the release's version
    :param look_every: the longest time between two looks at a running deployment, and the first one
    """

    resource_group: str
    app: str
    package: str
    slot: str = "green"
    look_every: timedelta = timedelta(seconds=5)

    kind: ClassVar[str] = "deploy_to_slot"
    takes: ClassVar[str] = "package_sha256"
    needs: ClassVar[tuple[str, ...]] = ("azure", "artifacts")

    def undo_in_words(self) -> str:
        """Say what the slot holds afterwards."""
        return (
            f"deploys the package that the slot {self.slot} held before, or stops the slot if there is none"
        )

    def look(self, run: Run) -> str:
        """Look at the app and the slot."""
        Slot(run, self.resource_group, self.app, PRODUCTION).site()
        return Slot(run, self.resource_group, self.app, self.slot).standing()

    def do(self, run: Run) -> Evidence:
        """Deploy and verify. Raises StillGoing meanwhile.

        Raises PackageMissing, NothingTried, NotTheTriedPackage and DeploymentFailed.
        """
        package = Package.to_release(run, self.package, self)
        slot = Slot(run, self.resource_group, self.app, self.slot)
        before = run.remember("before", lambda: _standing(slot))
        if slot.site() is None:
            slot.create()
            if slot.site() is None:
                raise StillGoing(f"Azure creates the slot {slot}", every=self.look_every)
        slot.set_running(True)
        deployment = self._bring(run, slot, package, run.release_id, known=str(before["newest"]))
        after = {"deployment": deployment.id, "package": package.name, "sha256": package.sha256}
        held = before["package"] or before["deployment"] or "nothing"
        return Evidence(
            before=before,
            after=after,
            proof={"status": deployment.status, "active": deployment.active, **package.proof()},
            changed=before["deployment"] != deployment.id or before["state"] != "Running",
            summary=f"{slot} holds {package.name} (before: {held})",
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Deploy the package before, or stop the slot. Raises SlotTakenOver and what `do` raises."""
        before = evidence.before
        slot = Slot(run, self.resource_group, self.app, self.slot)
        if "deployment" not in before:
            return _unchanged(run, "the deployment was never begun", before)
        if slot.site() is None:
            return _unchanged(run, f"there is no slot {slot}", before)
        newest = slot.newest()
        if newest is None or newest.id == before["newest"]:
            changed = not before["there"] or before["state"] != "Running"
            return self._leave_stopped(slot, before) if changed else _unchanged(run, "as it was", before)
        if newest.is_going:
            raise StillGoing(f"Kudu is at work on {slot} (deployment {newest.id})", every=self.look_every)
        _refuse_strangers(slot, newest, before)
        return self._put_back(run, slot, newest, before)

    def _put_back(self, run: Run, slot: Slot, newest: Deployment, before: Mapping[str, Json]) -> Evidence:
        old = kept(run, str(before["package"]), str(before["sha256"]))
        if old is None:
            if before["deployment"]:
                run.log.warning(
                    "The package that %s held before (%s) is not in the artifacts folder: stopping the slot",
                    slot,
                    before["package"] or f"deployment {before['deployment']}, not sent by Slipway",
                )
            return self._leave_stopped(slot, before)
        known = str(run.remember("found", lambda: newest.id))
        back = self._bring(run, slot, old, f"{before['release']}:undo", known=known)
        if before["state"] != "Running":
            slot.set_running(False)
        return Evidence(
            before={"deployment": newest.id},
            after={"deployment": back.id},
            changed=newest.id != back.id,
            summary=f"{slot} holds {old.name} again",
        )

    def _leave_stopped(self, slot: Slot, before: Mapping[str, Json]) -> Evidence:
        changed = slot.set_running(False)
        why = (
            "held nothing before" if not before["deployment"] else "cannot be filled with what it held before"
        )
        if before["deployment"] and before["state"] != "Running":
            why = "was stopped before"
        return Evidence(after={"state": "Stopped"}, changed=changed, summary=f"{slot} {why}: it is stopped")

    def _bring(self, run: Run, slot: Slot, package: Package, release: str, *, known: str) -> Deployment:
        """Return the good deployment of a package; begin it if the slot's newest one is another.

        :param known: the newest deployment when it was begun; one that failed since is told once
        """
        newest = slot.newest()
        if newest and newest.is_going:
            raise StillGoing(f"Kudu is at work on {slot} (deployment {newest.id})", every=self.look_every)
        if newest and newest.is_good and newest.active and newest.sha256 == package.sha256:
            run.log.info("%s holds %s: Kudu says success", slot, newest)
            return newest
        if newest and not newest.is_good and newest.id != known and not run.recall(f"failed_{newest.id}"):
            run.remember(f"failed_{newest.id}", lambda: newest.text or "failed")
            raise DeploymentFailed(str(slot), newest.id, newest.text)
        if newest and newest.id != known:
            _see_that_it_is_told_apart(run, slot, newest, package)
        after = f"{_sent(package)}_after_{newest.id if newest else 'nothing'}"
        sent = remembered(run, after)
        if not sent or time.time() - sent[-1] > APPEARS_WITHIN.total_seconds():
            run.log.info("%s holds %s: deploying %s", slot, newest or "nothing", package.name)
            slot.send(package, release)
            run.remember(_sent(package), lambda: True)
            run.remember(f"{after}.{len(sent)}", time.time)
        # Right after the package was sent, Kudu may not list it yet, or as a failed one.
        raise NotYet(f"Kudu deploys {package.name} to {slot}", left=self.look_every)


def _sent(package: Package) -> str:
    return f"sent_{package.sha256[:16]}"


def _see_that_it_is_told_apart(run: Run, slot: Slot, newest: Deployment, package: Package) -> None:
    """Raise DeploymentUnrecognised once for a good deployment that may be ours and does not say so.

    To send the package anew each time would go on for ever: what comes of it is not recognised either.
    """
    told = f"unrecognised_{newest.id}"
    if newest.is_good and not newest.sha256 and run.recall(_sent(package)) and not run.recall(told):
        run.remember(told, lambda: True)
        raise DeploymentUnrecognised(str(slot), newest.id, package.name)


def _refuse_strangers(slot: Slot, newest: Deployment, before: Mapping[str, Json]) -> None:
    release = quote(str(before["release"]), safe=":")
    if newest.is_good and newest.release not in {release, f"{release}:undo"}:
        raise SlotTakenOver(str(slot), str(newest))


def _standing(slot: Slot) -> dict[str, Json]:
    site = slot.site()
    known = slot.deployments() if site else []
    held = next((each for each in known if each.active), None)
    return {
        "there": site is not None,
        "state": str(site.get("state", "")) if site else "",
        "deployment": held.id if held else "",
        "newest": known[0].id if known else "",
        "package": held.package if held else "",
        "sha256": held.sha256 if held else "",
        "release": slot.run.release_id,
    }


def _unchanged(run: Run, why: str, before: Mapping[str, Json]) -> Evidence:
    run.log.info("Nothing to undo in %s: %s", run.environment.label, why)
    return Evidence(before=before, after=before, changed=False, summary=why)
