"""What the steps have in common that bring files to a bucket, and the versions before them back."""

import os.path
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.aws_api import client
from slipway.steps.cloudfront import invalidated, look_at
from slipway.steps.faults.aws import NothingToSync, SyncNotTaken, WrittenSince
from slipway.steps.s3_bucket import Bucket, Stored
from slipway.steps.site_files import RESERVED, Manifest, SiteFile, is_back, pages_last, site_files


@dataclass(frozen=True, kw_only=True)
class ToBucket(Step):
    """A step that brings files to a bucket.

    What the bucket held before is kept as a list of keys and versions in an object under `.slipway/`; the
    evidence holds only its key and checksum, however many files there are.

    :param bucket: it must have versioning on, or nothing could be undone
    :param prefix: put before each key, e.g. "app/"
    :param distribution: a CloudFront distribution before the bucket; its caches are emptied after the files
        are there and again after the undo
    :param paths: of the distribution
    :param state_bucket: keeps the list of what was there before; the bucket itself if left out
    :param every: the longest time between two looks at the invalidation
    """

    bucket: str
    prefix: str = ""
    distribution: str = ""
    paths: Sequence[str] = ("/*",)
    state_bucket: str = ""
    every: timedelta = timedelta(seconds=20)

    needs: ClassVar[tuple[str, ...]] = ("aws", "artifacts")
    called: ClassVar[str]  # what it does, in one word: "sync"

    @property
    def deletes(self) -> bool:
        """Whether objects under the prefix that are not among the files are removed."""
        return False

    @property
    def place(self) -> str:
        """Where to, for people."""
        return f"s3://{self.bucket}/{self.prefix}"

    def undo_in_words(self) -> str:
        """Say what comes back."""
        emptied = f" and empties the caches of {self.distribution}" if self.distribution else ""
        return f"brings back the versions that {self.place} held before, removes what was added{emptied}"

    def look(self, run: Run) -> str:
        """Say whether the bucket keeps versions, what it holds, and how the distribution stands."""
        with client(run, "s3") as s3:
            bucket = Bucket(client=s3, name=self.bucket, conn_id=run.environment.aws)
            bucket.require_versioning()
            held = len(bucket.listed(self.prefix, without=RESERVED))
            if self.state_bucket:
                Bucket(client=s3, name=self.state_bucket, conn_id=run.environment.aws).require_there()
        said = f"{self.place} keeps versions, {held} objects"
        return f"{said}; {look_at(run, self.distribution)}" if self.distribution else said

    def files(self, source: Path) -> dict[str, SiteFile]:
        """Return the files of a folder, or the one file, by key. Raises NothingToSync."""
        found = site_files(source, self.prefix)
        if not found:
            raise NothingToSync(str(source), self.place)
        return found

    def bring(self, run: Run, files: Mapping[str, SiteFile]) -> Evidence:
        """Write what differs, list the bucket to prove it, empty the caches.

        Raises VersioningOff, SyncNotTaken, StillGoing and the faults of AWS.
        """
        with client(run, "s3") as s3:
            bucket = Bucket(client=s3, name=self.bucket, conn_id=run.environment.aws)
            bucket.require_versioning()
            before = run.remember("before", lambda: self._capture(run, bucket, files))
            proof = self._write(run, bucket, files)
            left = self._keep(run, bucket, self._listed(bucket, files), files)
        changed = bool(before["to_upload"] or before["to_remove"])
        if changed and self.distribution:
            proof["cache"] = invalidated(run, self.distribution, self.paths, every=self.every)
        removed = f", {before['to_remove']} objects removed" if self.deletes else ""
        summary = f"{self.place}: {len(files)} files, {before['to_upload']} of them uploaded{removed}"
        after = {"version": run.version, "objects": len(files), "manifest": left}
        return Evidence(before=before, after=after, proof=proof, changed=changed, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Bring back what was there, and empty the caches.

        Raises what `bring` raises, ManifestDamaged, and WrittenSince for what neither release left there.
        """
        before = evidence.before
        if "manifest" not in before:
            run.log.info("Nothing to undo in %s: the %s was never begun", self.place, self.called)
            return Evidence(changed=False, summary=f"the {self.called} was never begun")
        conn_id = run.environment.aws
        with client(run, "s3") as s3:
            where = before["manifest"]
            state = Bucket(client=s3, name=str(where["bucket"]), conn_id=conn_id)
            manifest = Manifest.kept(state, where)
            bucket = Bucket(client=s3, name=str(before["bucket"]), conn_id=conn_id)
            if left := evidence.after.get("manifest"):
                _refuse_strangers(bucket, before, manifest, Manifest.kept(state, left))
            restored, removed = _take_back(run, bucket, before, manifest)  # in all tries together
        proof: dict[str, Json] = {"restored": restored, "removed": removed}
        if before["distribution"] and (before["to_upload"] or before["to_remove"]):
            proof["cache"] = invalidated(
                run, str(before["distribution"]), before["paths"], every=self.every, purpose="undo"
            )
        summary = f"{self.place}: {restored} objects brought back, {removed} removed"
        changed = bool(restored or removed)
        return Evidence(before=evidence.after, after=before, proof=proof, changed=changed, summary=summary)

    def _listed(self, bucket: Bucket, files: Mapping[str, SiteFile]) -> dict[str, Stored]:
        return _listed(bucket, self.prefix, files, whole=self.deletes)

    def _capture(self, run: Run, bucket: Bucket, files: Mapping[str, SiteFile]) -> dict[str, Json]:
        listed = self._listed(bucket, files)
        uploads, removals = self._differences(bucket, files, listed)
        kept = self._keep(run, bucket, listed, files)
        run.log.info(
            "%s holds %d objects%s; their versions are kept in s3://%s/%s",
            self.place, len(listed), "" if self.deletes else " of these names", kept["bucket"], kept["key"],
        )  # fmt: skip
        return {
            "bucket": self.bucket,
            "prefix": self.prefix,
            "delete": self.deletes,
            "objects": len(listed),
            "to_upload": len(uploads),
            "to_remove": len(removals),
            "manifest": kept,
            "distribution": self.distribution,
            "paths": list(self.paths),
        }

    def _keep(
        self, run: Run, bucket: Bucket, listed: Mapping[str, Stored], files: Mapping[str, SiteFile]
    ) -> dict[str, Json]:
        state = Bucket(client=bucket.client, name=self.state_bucket or self.bucket, conn_id=bucket.conn_id)
        return Manifest(objects=listed, ours=tuple(files)).keep(state, f"{run.plan_name}/{run.release_id}")

    def _differences(
        self, bucket: Bucket, files: Mapping[str, SiteFile], listed: Mapping[str, Stored]
    ) -> tuple[list[str], list[str]]:
        """Return the keys to upload and the keys to remove."""
        uploads = [key for key, file in files.items() if not file.is_held_as(bucket, key, listed.get(key))]
        return pages_last(uploads), sorted(set(listed) - set(files))

    def _write(self, run: Run, bucket: Bucket, files: Mapping[str, SiteFile]) -> dict[str, Json]:
        uploads, removals = self._differences(bucket, files, self._listed(bucket, files))
        run.log.info(
            "%s: %d of %d files are there already; uploading %d and removing %d objects",
            self.place, len(files) - len(uploads), len(files), len(uploads), len(removals),
        )  # fmt: skip
        for key in uploads:
            bucket.put_file(key, files[key].path, files[key].sha256, files[key].content_type)
        for key in removals:
            bucket.remove(key)
        wrong = self._differences(bucket, files, self._listed(bucket, files))
        if any(wrong):
            raise SyncNotTaken(self.place, [*wrong[0], *wrong[1]])
        run.log.info("%s lists exactly what was wanted", self.place)
        return {"uploaded_in_this_try": len(uploads), "removed_in_this_try": len(removals)}


def _listed(bucket: Bucket, prefix: str, ours: Collection[str], *, whole: bool) -> dict[str, Stored]:
    """Return the objects that a step may touch: all under the prefix, or just those of its own keys."""
    if whole:
        return bucket.listed(prefix, without=RESERVED)
    common = os.path.commonprefix(list(ours))  # noqa: RUF071  (keys are no paths: any prefix will do)
    found = bucket.listed(common, without=RESERVED)
    return {key: stored for key, stored in found.items() if key in ours}


def _refuse_strangers(bucket: Bucket, before: Mapping[str, Json], was: Manifest, left: Manifest) -> None:
    """Raise WrittenSince if objects are neither as the step left them nor as they were before it."""
    now = _listed(bucket, str(before["prefix"]), was.ours, whole=bool(before["delete"]))
    scope = set(was.ours) | (set(now) | set(was.objects) if before["delete"] else set())
    strange = [
        key
        for key in sorted(scope)
        if not any(_is_as(bucket, key, each.objects.get(key), now.get(key)) for each in (left, was))
    ]
    if strange:
        raise WrittenSince(f"s3://{bucket.name}/{before['prefix']}", strange)


def _is_as(bucket: Bucket, key: str, was: Stored | None, now: Stored | None) -> bool:
    return now is None if was is None else is_back(bucket, key, was, now)


def _take_back(run: Run, bucket: Bucket, before: Mapping[str, Json], manifest: Manifest) -> tuple[int, int]:
    """Bring a bucket back to the manifest; return how many objects had to be brought back and removed.

    Those are counted at the first look: the later ones, at an invalidation that goes on, find all done.
    """
    prefix, whole = str(before["prefix"]), bool(before["delete"])
    place = f"s3://{bucket.name}/{prefix}"
    lost, added = _changed_since(bucket, prefix, manifest, whole=whole)
    restored, removed = run.remember("to_take_back", lambda: [len(lost), len(added)])
    if lost or added:
        run.log.info("%s: bringing back %d objects, removing %d", place, len(lost), len(added))
    for key in lost:
        bucket.put_back(key, manifest.objects[key])
    for key in added:
        bucket.remove(key)
    wrong = _changed_since(bucket, prefix, manifest, whole=whole)
    if any(wrong):
        raise SyncNotTaken(place, [*wrong[0], *wrong[1]])
    return restored, removed


def _changed_since(
    bucket: Bucket, prefix: str, manifest: Manifest, *, whole: bool
) -> tuple[list[str], list[str]]:
    """Return the keys that are not as they were, and those that were not there."""
    now = _listed(bucket, prefix, manifest.ours, whole=whole)
    scope = set(manifest.ours) | (set(now) | set(manifest.objects) if whole else set())
    was = manifest.objects
    lost = [key for key in was if key in scope and not is_back(bucket, key, was[key], now.get(key))]
    return pages_last(lost), sorted(key for key in now if key in scope and key not in was)
