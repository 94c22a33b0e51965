"""Make a bucket hold exactly the files of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.artifacts import artifact
from slipway.steps.s3_target import Target


@dataclass(frozen=True, kw_only=True)
class SyncToS3(Step):
    """Upload the changed files of a folder to a bucket and remove what the folder does not have.

    What the bucket held before is kept as a list of keys and versions in an object under `.slipway/`; the
    evidence holds only its key and checksum, however many files there are.

    :param bucket: it must have versioning on, or nothing could be undone
    :param folder: in the artifacts folder; "{version}" in it is the release's version
    :param prefix: put before each key, e.g. "app/"
    :param delete: whether objects under the prefix that the folder does not have are removed
    :param distribution: a CloudFront distribution before the bucket; its caches are emptied after the sync
        and again after its undo
    :param paths: of the distribution
    :param state_bucket: keeps the list of what was there before; the bucket itself if left out
    :param every: the longest time between two looks at the invalidation
    """

    bucket: str
    folder: str = "frontend-{version}"
    prefix: str = ""
    delete: bool = True
    distribution: str = ""
    paths: Sequence[str] = ("/*",)
    state_bucket: str = ""
    every: timedelta = timedelta(seconds=20)

    kind: ClassVar[str] = "sync_to_s3"
    needs: ClassVar[tuple[str, ...]] = ("aws", "artifacts")

    def undo_in_words(self) -> str:
        """Say what comes back."""
        return self._target.undo_in_words()

    def look(self, run: Run) -> str:
        """Look at bucket and distribution."""
        return self._target.look(run)

    def do(self, run: Run) -> Evidence:
        """Sync, list the bucket to prove it, empty the caches.

        Raises ArtifactMissing, NothingToSync, VersioningOff, SyncNotTaken, StillGoing and the faults of AWS.
        """
        return self._target.bring(run, self._target.files(artifact(run, self.folder)))

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Bring back what was there, and empty the caches.

        Raises what `do` raises, ManifestDamaged, and WrittenSince for what neither release left there.
        """
        return self._target.take_back(run, evidence)

    @property
    def _target(self) -> Target:
        return Target(
            called="sync",
            bucket=self.bucket,
            prefix=self.prefix,
            delete=self.delete,
            distribution=self.distribution,
            paths=self.paths,
            state_bucket=self.state_bucket,
            every=self.every,
        )
