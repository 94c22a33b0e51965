"""Apply a manifest to a Kubernetes cluster."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.cluster_access import look_at_rights
from slipway.steps.cluster_objects import capture, captured, put_back, refuse_strangers
from slipway.steps.faults.kubernetes import NotAsApplied
from slipway.steps.kubernetes_api import Cluster, Reference, cluster
from slipway.steps.manifests import differences, essence, manifests


@dataclass(frozen=True, kw_only=True)
class ApplyManifest(Step):
    """Apply the objects of a manifest (server-side apply) and read each one back.

    :param manifest: the path of a YAML file in the artifacts folder, or one object; "{version}" in path and
        text is the release's version
    :param namespace: of objects that name none
    :param take_over: whether fields that another manager has set are taken over, as `kubectl apply` does
    :param every: the longest time between two looks at an object that is being deleted in the undo
    """

    manifest: str | Mapping[str, Json]
    namespace: str = ""
    take_over: bool = True
    every: timedelta = timedelta(seconds=5)

    kind: ClassVar[str] = "apply_manifest"

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The artifacts folder is needed for a file alone."""
        return ("cluster", "artifacts") if isinstance(self.manifest, str) else ("cluster",)

    def undo_in_words(self) -> str:
        """Say what comes back."""
        return "puts the objects back to what they were; deletes those that were not there, and their jobs"

    def look(self, run: Run) -> str:
        """Say what the login may do with the objects. Raises what `look_at_rights` raises."""
        verbs = ("get", "create", "patch", "update", "delete")
        return look_at_rights(run, self.manifest, self.namespace, verbs)

    def do(self, run: Run) -> Evidence:
        """Apply and read back.

        Raises ManifestUnreadable, SecretInManifest, SecretInEnvironment, KindUnknown, ObjectTooLarge,
        NotAsApplied, and the faults of a vendor.
        """
        wanted = manifests(run, self.manifest, self.namespace)
        with cluster(run) as opened:
            before = run.remember("before", lambda: capture(opened, list(wanted)))
            for reference, manifest in wanted.items():
                self._apply(run, opened, reference, manifest)
            changed = any(essence(each, opened.get(each)) != was for each, was in captured(before))
        after = {"objects": [{"reference": asdict(each), "object": wanted[each]} for each in wanted]}
        names = ", ".join(str(each) for each in wanted)
        return Evidence(before=before, after=after, changed=changed, summary=f"{names} applied")

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Put the objects back, last one first.

        Raises ChangedSince before anything is touched, NotAsBefore, StillGoing, the faults of a vendor.
        """
        rows = captured(evidence.before)
        with cluster(run) as opened:
            refuse_strangers(run, opened, evidence.before, evidence.after)
            changed = [put_back(run, opened, reference, was, self.every) for reference, was in rows]
        names = ", ".join(f"{reference} {'put back' if was else 'deleted'}" for reference, was in rows)
        summary = names or "nothing was ever applied"
        return Evidence(before=evidence.after, after=evidence.before, changed=any(changed), summary=summary)

    def _apply(self, run: Run, opened: Cluster, reference: Reference, manifest: dict[str, Json]) -> None:
        earlier = opened.get(reference)
        run.log.info("Applying %s (%s)", reference, "it is there" if earlier else "it is not there yet")
        opened.apply(reference, manifest, force=self.take_over)
        found = opened.get(reference)
        wrong = list(differences(manifest, found))
        if wrong:
            raise NotAsApplied(str(reference), wrong)
        same = essence(reference, earlier) == essence(reference, found)
        run.log.info("%s reads back as applied%s", reference, "; nothing of it had to change" if same else "")
