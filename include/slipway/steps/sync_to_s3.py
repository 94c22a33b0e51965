"""Make a bucket hold exactly the files of a folder."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.run import Evidence, Run
from slipway.steps.artifacts import artifact
from slipway.steps.to_bucket import ToBucket


@dataclass(frozen=True, kw_only=True)
class SyncToS3(ToBucket):
    """Upload the changed files of a folder to a bucket and remove what the folder does not have.

    :param folder: in the artifacts folder; "{version}" in it is the release's version
    :param delete: whether objects under the prefix that the folder does not have are removed
    """

    folder: str = "frontend-{version}"
    delete: bool = True

    kind: ClassVar[str] = "sync_to_s3"
    called: ClassVar[str] = "sync"

    @property
    def deletes(self) -> bool:
        """Whether what the folder does not have is removed."""
        return self.delete

    def do(self, run: Run) -> Evidence:
        """Sync, list the bucket to prove it, empty the caches.

        Raises ArtifactMissing, NothingToSync, VersioningOff, SyncNotTaken, StillGoing and the faults of AWS.
        """
        return self.bring(run, self.files(artifact(run, self.folder)))
