"""Upload a file or a folder to a bucket, and leave all else there alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Run
from slipway.steps.artifacts import artifact
from slipway.steps.s3_target import Target
from slipway.steps.site_files import content_sha256
from slipway.steps.tried import see_that_package_was_tried


@dataclass(frozen=True, kw_only=True)
class UploadToS3(ReleasingStep):
    """Upload a file, or the changed files of a folder, to a bucket; nothing is removed there.

    In production the content must be the one that was tried on staging, byte for byte.

    :param bucket: it must have versioning on, or nothing could be undone
    :param source: in the artifacts folder; "{version}" in it is the release's version
    :param prefix: put before each key, e.g. "downloads/"; a file keeps its name, a folder's files their paths
    :param distribution: a CloudFront distribution before the bucket; its caches are emptied after the upload
        and again after its undo
    :param paths: of the distribution
    :param state_bucket: keeps the list of what was there before; the bucket itself if left out
    :param every: the longest time between two looks at the invalidation
    """

    bucket: str
    source: str
    prefix: str = ""
    distribution: str = ""
    paths: Sequence[str] = ("/*",)
    state_bucket: str = ""
    every: timedelta = timedelta(seconds=20)

    kind: ClassVar[str] = "upload_to_s3"
    takes: ClassVar[str] = "package_sha256"
    needs: ClassVar[tuple[str, ...]] = ("aws", "artifacts")

    def undo_in_words(self) -> str:
        """Say what comes back."""
        return self._target.undo_in_words()

    def look(self, run: Run) -> str:
        """Look at bucket and distribution."""
        return self._target.look(run)

    def do(self, run: Run) -> Evidence:
        """Upload, list the bucket to prove it, empty the caches.

        Raises ArtifactMissing, NothingToSync, NothingTried and NotTheTriedPackage before anything is
        touched; VersioningOff, SyncNotTaken, StillGoing and the faults of AWS.
        """
        source = artifact(run, self.source)
        files = self._target.files(source)
        sha256 = content_sha256(source, files)
        see_that_package_was_tried(run, self, source.name, sha256)
        evidence = self._target.bring(run, files)
        return replace(evidence, proof={**evidence.proof, "package": source.name, "package_sha256": sha256})

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Bring back what was there, and empty the caches.

        Raises what `do` raises, ManifestDamaged, and WrittenSince for what neither release left there.
        """
        return self._target.take_back(run, evidence)

    @property
    def _target(self) -> Target:
        return Target(
            called="upload",
            bucket=self.bucket,
            prefix=self.prefix,
            delete=False,
            distribution=self.distribution,
            paths=self.paths,
            state_bucket=self.state_bucket,
            every=self.every,
        )
