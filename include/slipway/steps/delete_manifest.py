"""Delete the objects of a manifest from a Kubernetes cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.cluster_access import look_at_rights
from slipway.steps.cluster_objects import capture, captured, put_back, refuse_strangers, remove
from slipway.steps.kubernetes_api import cluster
from slipway.steps.manifests import manifests


@dataclass(frozen=True, kw_only=True)
class DeleteManifest(Step):
    """Delete the objects that a manifest names, last one first, with what they have made, and see them gone.

    :param manifest: the path of a YAML file in the artifacts folder, or one object; "{version}" in path and
        text is the release's version
    :param namespace: of objects that name none
    :param every: the longest time between two looks at an object that is being deleted
    """

    manifest: str | Mapping[str, Json]
    namespace: str = ""
    every: timedelta = timedelta(seconds=5)

    kind: ClassVar[str] = "delete_manifest"

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The artifacts folder is needed for a file alone."""
        return ("cluster", "artifacts") if isinstance(self.manifest, str) else ("cluster",)

    def undo_in_words(self) -> str:
        """Say what comes back; jobs that ran do not."""
        return "creates the objects again as they were"

    def look(self, run: Run) -> str:
        """Say what the login may do with the objects. Raises what `look_at_rights` raises."""
        return look_at_rights(run, self.manifest, self.namespace, ("get", "create", "update", "delete"))

    def do(self, run: Run) -> Evidence:
        """Delete. Raises what ApplyManifest raises, and StillGoing while something is left."""
        references = list(manifests(run, self.manifest, self.namespace))
        with cluster(run) as opened:
            before = run.remember("before", lambda: capture(opened, references))
            for reference in reversed(references):
                remove(run, opened, reference, self.every)
        after = {"objects": [{**row, "object": None} for row in before["objects"]]}
        names = ", ".join(str(each) for each in references)
        return Evidence(before=before, after=after, changed=before != after, summary=f"{names} deleted")

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Create what was there. Raises ChangedSince, NotAsBefore, StillGoing, the faults of a vendor."""
        rows = [(reference, was) for reference, was in reversed(captured(evidence.before)) if was is not None]
        with cluster(run) as opened:
            refuse_strangers(run, opened, evidence.before, evidence.after)
            changed = [put_back(run, opened, reference, was, self.every) for reference, was in rows]
        summary = ", ".join(f"{reference} put back" for reference, _ in rows) or "nothing was there before"
        return Evidence(before=evidence.after, after=evidence.before, changed=any(changed), summary=summary)
