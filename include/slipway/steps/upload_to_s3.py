"""Upload a file or a folder to a bucket, and leave all else there alone."""

from dataclasses import dataclass, replace
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Run
from slipway.steps.artifacts import artifact
from slipway.steps.site_files import content_sha256
from slipway.steps.to_bucket import ToBucket
from slipway.steps.tried import see_that_package_was_tried


@dataclass(frozen=True, kw_only=True)
class UploadToS3(ToBucket, ReleasingStep):
    """Upload a file, or the changed files of a folder, to a bucket; nothing is removed there.

    In production the content must be the one that was tried on staging, byte for byte.

    A file keeps its name behind the prefix, a folder's files their paths.

    :param source: in the artifacts folder; "{version}" in it is the release's version
    """

    source: str

    kind: ClassVar[str] = "upload_to_s3"
    takes: ClassVar[str] = "package_sha256"
    called: ClassVar[str] = "upload"

    def do(self, run: Run) -> Evidence:
        """Upload, list the bucket to prove it, empty the caches.

        Raises ArtifactMissing, NothingToSync, NothingTried and NotTheTriedPackage before anything is
        touched; VersioningOff, SyncNotTaken, StillGoing and the faults of AWS.
        """
        source = artifact(run, self.source)
        files = self.files(source)
        sha256 = content_sha256(source, files)
        see_that_package_was_tried(run, self, source.name, sha256)
        evidence = self.bring(run, files)
        return replace(evidence, proof={**evidence.proof, "package": source.name, "package_sha256": sha256})
