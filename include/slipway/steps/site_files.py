"""Files as the objects that they become in a bucket, and what a bucket held before."""

import hashlib
import json
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway.run import Json
from slipway.steps.faults.aws import ManifestDamaged
from slipway.steps.s3_bucket import Bucket, Stored

_CHUNK = 2**20  # bytes read at a time
RESERVED = ".slipway/"  # objects under it are Slipway's own: never synced, never removed


@dataclass(frozen=True, kw_only=True)
class SiteFile:
    """A file on its way to a bucket."""

    path: Path
    size: int
    md5: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "SiteFile":
        """Read a file."""
        md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                md5.update(chunk)
                sha256.update(chunk)
                size += len(chunk)
        return cls(path=path, size=size, md5=md5.hexdigest(), sha256=sha256.hexdigest())

    @property
    def content_type(self) -> str:
        """What a browser is told that it is."""
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    def is_held_as(self, bucket: Bucket, key: str, stored: Stored | None) -> bool:
        """Whether the object has this content; where its ETag is no MD5 (encryption), by its SHA-256."""
        if stored is None or stored.size != self.size:
            return False
        return stored.etag == self.md5 or bucket.sha256(key) == self.sha256


def site_files(source: Path, prefix: str) -> dict[str, SiteFile]:
    """Return the files of a folder, or the one file, by the key of their object."""
    folder = source.parent if source.is_file() else source
    paths = [source] if source.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    found = {f"{prefix}{path.relative_to(folder).as_posix()}": SiteFile.of(path) for path in paths}
    return {key: file for key, file in found.items() if not key.startswith(RESERVED)}


def content_sha256(source: Path, files: Mapping[str, SiteFile]) -> str:
    """Return the SHA-256 of a file; of a folder that of the list which sha256sum makes of its files."""
    if source.is_file():
        return next(iter(files.values())).sha256
    rows = sorted((file.path.relative_to(source).as_posix(), file.sha256) for file in files.values())
    return hashlib.sha256("".join(f"{sha256}  {path}\n" for path, sha256 in rows).encode()).hexdigest()


def pages_last(keys: Iterable[str]) -> list[str]:
    """Return keys in the order to write them: what pages refer to is there before they are."""
    return sorted(keys, key=lambda key: (key.endswith((".html", ".htm")), key))


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a bucket held before a sync, and the keys that are the sync's own."""

    objects: Mapping[str, Stored]
    ours: tuple[str, ...]

    def keep(self, bucket: Bucket, folder: str) -> dict[str, Json]:
        """Write it into a bucket; its name holds its checksum, so writing it twice is writing it once."""
        value = {"objects": {key: asdict(one) for key, one in self.objects.items()}, "ours": self.ours}
        content = json.dumps(value, sort_keys=True).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"{RESERVED}{folder}/{sha256[:16]}.json"
        bucket.put(key, content, sha256, "application/json")
        return {"bucket": bucket.name, "key": key, "sha256": sha256}

    @classmethod
    def kept(cls, bucket: Bucket, where: Mapping[str, Json]) -> "Manifest":
        """Read it back. Raises ManifestDamaged."""
        content = bucket.read(str(where["key"]))
        found = hashlib.sha256(content).hexdigest()
        if found != where["sha256"]:
            raise ManifestDamaged(f"s3://{bucket.name}/{where['key']}", str(where["sha256"]), found)
        value = json.loads(content)
        objects = {key: Stored(**one) for key, one in value["objects"].items()}
        return cls(objects=objects, ours=tuple(value["ours"]))


def is_back(bucket: Bucket, key: str, was: Stored, now: Stored | None) -> bool:
    """Whether an object is what it was, by version or by content."""
    if now is None or now.size != was.size:
        return False
    if was.version == now.version or was.etag == now.etag:
        return True
    return bucket.sha256(key) == bucket.sha256(key, was.version)
