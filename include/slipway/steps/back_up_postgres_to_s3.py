"""Back up a PostgreSQL database and keep the backup in S3."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.aws_api import client
from slipway.steps.back_up_postgres import BackUpPostgres
from slipway.steps.faults import mebibytes
from slipway.steps.faults.aws import KeptTooShort, UploadNotTaken
from slipway.steps.s3_bucket import Bucket

_EXPIRY = re.compile(r'expiry-date="([^"]*)"(?:, *rule-id="([^"]*)")?')


@dataclass(frozen=True, kw_only=True)
class BackUpPostgresToS3(Step):
    """Take a verified backup as BackUpPostgres does, upload it, and prove that S3 holds the same bytes.

    The local file stays as well; RestorePostgres restores from that, RestorePostgresFromS3 from the bucket.

    :param prefix: put before the file's name, e.g. "maintenance-feature/"
    :param keep: how many of the plan's local backups stay
    :param keep_for: how long the bucket must keep it: a lifecycle rule that removes it earlier is refused
    """

    bucket: str
    prefix: str = ""
    keep: int = 5
    keep_for: timedelta = timedelta(days=30)
    leaves_nothing: str = "a backup changes nothing in the environment"

    kind: ClassVar[str] = "back_up_postgres_to_s3"
    needs: ClassVar[tuple[str, ...]] = ("database", "backups", "aws")
    backs_up: ClassVar[bool] = True

    def look(self, run: Run) -> str:
        """Look at the bucket."""
        with client(run, "s3") as s3:
            Bucket(client=s3, name=self.bucket, conn_id=run.environment.aws).require_there()
        return f"s3://{self.bucket}/{self.prefix} is there"

    def do(self, run: Run) -> Evidence:
        """Back up and upload; a second try reuses what an earlier one made.

        Raises what BackUpPostgres raises, UploadNotTaken, KeptTooShort and the faults of AWS.
        """
        local = BackUpPostgres(name=self.name, keep=self.keep, timeout=self.timeout).do(run)
        path, sha256 = Path(str(local.proof["path"])), str(local.proof["sha256"])
        key = f"{self.prefix}{path.name}"
        place = f"s3://{self.bucket}/{key}"
        with client(run, "s3") as s3:
            bucket = Bucket(client=s3, name=self.bucket, conn_id=run.environment.aws)
            sent = self._send(run, bucket, key, path, sha256)
            found = bucket.sha256(key)
            if found != sha256:
                raise UploadNotTaken(place, sha256, found)
            head = bucket.head(key)
        kept_until = self._kept_until(place, str(head.get("Expiration", "")))
        run.log.info("%s holds the same bytes (SHA-256 %s), kept %s", place, sha256, kept_until)
        stored = {"bucket": self.bucket, "key": key, "version_id": str(head.get("VersionId", ""))}
        proof: dict[str, Json] = {**local.proof, **stored, "kept": kept_until}
        summary = f"{local.summary}; {place}, kept {kept_until}"
        return Evidence(proof=proof, changed=local.changed or sent, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave the backup where it is."""
        return Evidence(changed=False, summary=self.leaves_nothing)

    def _send(self, run: Run, bucket: Bucket, key: str, path: Path, sha256: str) -> bool:
        if bucket.head(key).get("Metadata", {}).get("sha256") == sha256:
            run.log.info("s3://%s/%s was uploaded in an earlier try", bucket.name, key)
            return False
        run.log.info(
            "Uploading %s (%s) to s3://%s/%s", path.name, mebibytes(path.stat().st_size), bucket.name, key
        )
        # Metadata travels in HTTP headers: ASCII only.
        bucket.send(key, path, {"sha256": sha256, "release": ascii(run.release_id)[1:-1]})
        return True

    def _kept_until(self, place: str, expiration: str) -> str:
        """Say how long the bucket keeps it, from S3's x-amz-expiration. Raises KeptTooShort."""
        match = _EXPIRY.search(expiration)
        if not match:
            return "until a person removes it"
        until, wanted = parsedate_to_datetime(match[1]), datetime.now(UTC) + self.keep_for
        if until < wanted:
            raise KeptTooShort(place, f"{until:%Y-%m-%d}", f"{wanted:%Y-%m-%d}", match[2] or "")
        return f"until {until:%Y-%m-%d}"
