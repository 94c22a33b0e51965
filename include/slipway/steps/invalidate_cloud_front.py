"""Empty the caches of a CloudFront distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.cloudfront import invalidated, look_at


@dataclass(frozen=True, kw_only=True)
class InvalidateCloudFront(Step):
    """Invalidate paths of a distribution and wait until every edge has done it.

    A rollback runs newest first: what stands before this step in the plan is undone after it. SyncToS3 and
    UploadToS3 therefore invalidate by themselves when given the distribution, in both directions.

    :param distribution: its id, e.g. "E2QWRTY123456"
    :param paths: beginning with "/"; a "*" at the end stands for whatever follows
    :param every: the longest time between two looks at the invalidation
    """

    distribution: str
    paths: Sequence[str] = ("/*",)
    every: timedelta = timedelta(seconds=20)

    kind: ClassVar[str] = "invalidate_cloud_front"
    needs: ClassVar[tuple[str, ...]] = ("aws",)

    def undo_in_words(self) -> str:
        """Say that a cache is emptied, not filled again."""
        return "invalidates the same paths again"

    def look(self, run: Run) -> str:
        """Look at the distribution."""
        return look_at(run, self.distribution)

    def do(self, run: Run) -> Evidence:
        """Invalidate once, however often it is tried. Raises StillGoing and the faults of AWS."""
        paths = list(self.paths)
        before = run.remember("before", lambda: {"distribution": self.distribution, "paths": paths})
        proof = invalidated(run, self.distribution, paths, every=self.every)
        return Evidence(before=before, proof=proof, summary=f"{self.distribution}: {' '.join(paths)} emptied")

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Invalidate again, once. Raises what `do` raises."""
        before = dict(evidence.before)
        if not before:
            run.log.info("CloudFront %s was never asked: nothing to undo", self.distribution)
            return Evidence(changed=False, summary="it was never begun")
        distribution, paths = str(before["distribution"]), list(before["paths"])
        proof = invalidated(run, distribution, paths, every=self.every, purpose="undo")
        return Evidence(after=before, proof=proof, summary=f"{distribution}: {' '.join(paths)} emptied again")
