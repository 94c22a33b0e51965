"""One bucket of S3, and what a step does to its objects."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.run import Json
from slipway.steps.aws_api import S3, calling
from slipway.steps.faults.aws import VersioningOff

PART = 64 * 2**20  # bytes; what is larger is sent in parts of this size, and S3 takes 10,000 of them
COPIED_WHOLE = 5 * 2**30  # bytes; S3 copies no larger object in one call
_CHUNK = 2**20  # bytes read at a time


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object as the bucket lists it. `etag` is the MD5 of the content, but not always."""

    version: str
    etag: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, reached through a client.

    :param client: boto3's S3 client
    :param conn_id: named in errors
    """

    client: Any
    name: str
    conn_id: str

    def require_versioning(self) -> None:
        """Raise VersioningOff unless what is replaced or removed stays as a version."""
        with calling(S3, f"GetBucketVersioning s3://{self.name}", self.conn_id):
            status = str(self.client.get_bucket_versioning(Bucket=self.name).get("Status", "off"))
        if status != "Enabled":
            raise VersioningOff(self.name, status.lower())

    def require_there(self) -> None:
        """Raise NotThere or AccessRefused unless the bucket is there and may be looked into."""
        with calling(S3, f"HeadBucket s3://{self.name}", self.conn_id):
            self.client.head_bucket(Bucket=self.name)

    def listed(self, prefix: str, *, without: str) -> dict[str, Stored]:
        """Return the newest version of each object under a prefix, but for those under `without`."""
        found: dict[str, Stored] = {}
        with calling(S3, f"ListObjectVersions s3://{self.name}/{prefix}", self.conn_id):
            pages = self.client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self.name, Prefix=prefix):
                for row in page.get("Versions", ()):
                    if row["IsLatest"] and not row["Key"].startswith(without):
                        found[row["Key"]] = Stored(
                            version=row["VersionId"], etag=row["ETag"].strip('"'), size=int(row["Size"])
                        )
        return found

    def put(self, key: str, content: bytes, sha256: str, content_type: str) -> None:
        """Write a small object; S3 itself refuses it when the checksum does not fit."""
        with calling(S3, f"PutObject s3://{self.name}/{key}", self.conn_id):
            self.client.put_object(
                Bucket=self.name,
                Key=key,
                Body=content,
                ContentType=content_type,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
            )

    def put_file(self, key: str, path: Path, sha256: str, content_type: str) -> None:
        """Write a file of any size; of a large one S3 checks each part, and the caller the whole."""
        if path.stat().st_size > PART:
            self.send(key, path, {}, content_type)
        else:
            self.put(key, path.read_bytes(), sha256, content_type)

    def send(self, key: str, path: Path, metadata: Mapping[str, str], content_type: str = "") -> None:
        """Write a file of any size, in parts if it is large; S3 checks the SHA-256 of each part."""
        from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]

        with calling(S3, f"PutObject s3://{self.name}/{key}", self.conn_id):
            self.client.upload_file(
                str(path),
                self.name,
                key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256", "Metadata": dict(metadata)}
                | ({"ContentType": content_type} if content_type else {}),
                Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART),
            )

    def head(self, key: str, version: str = "") -> dict[str, Json]:
        """Return S3's answer to HeadObject, {} if there is no such object."""
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]

        with calling(S3, f"HeadObject s3://{self.name}/{key}", self.conn_id):
            try:
                return dict(self.client.head_object(**self._of(key, version), ChecksumMode="ENABLED"))
            except ClientError as error:
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                    return {}
                raise

    def put_back(self, key: str, was: Stored) -> None:
        """Make an older version the newest one again, with its content type, metadata and tags."""
        from boto3.s3.transfer import TransferConfig

        with calling(S3, f"CopyObject s3://{self.name}/{key}", self.conn_id):
            source = {"Bucket": self.name, "Key": key, "VersionId": was.version}
            if was.size <= COPIED_WHOLE:
                self.client.copy_object(Bucket=self.name, Key=key, CopySource=source)
            else:
                self.client.copy(
                    source,
                    self.name,
                    key,
                    ExtraArgs={"TaggingDirective": "COPY"},
                    Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART),
                )

    def remove(self, key: str) -> None:
        """Remove an object; in a bucket with versioning its versions stay."""
        with calling(S3, f"DeleteObject s3://{self.name}/{key}", self.conn_id):
            self.client.delete_object(Bucket=self.name, Key=key)

    def read(self, key: str) -> bytes:
        """Return the content of a small object."""
        with calling(S3, f"GetObject s3://{self.name}/{key}", self.conn_id):
            answer = self.client.get_object(Bucket=self.name, Key=key)
            with closing(answer["Body"]) as body:
                return bytes(body.read())

    def fetch(self, key: str, version: str, target: Path) -> str:
        """Download an object and return the SHA-256 of what came."""
        digest = hashlib.sha256()
        with calling(S3, f"GetObject s3://{self.name}/{key}", self.conn_id):
            answer = self.client.get_object(**self._of(key, version))
            with closing(answer["Body"]) as body, target.open("wb") as file:
                for chunk in body.iter_chunks(_CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
        return digest.hexdigest()

    def sha256(self, key: str, version: str = "") -> str:
        """Return an object's SHA-256: S3's own if it keeps one of the whole object, else of what it sends."""
        head = self.head(key, version)
        kept, in_parts = str(head.get("ChecksumSHA256", "")), "-" in str(head.get("ETag", ""))
        if kept and not in_parts:  # of an object sent in parts it is a checksum of their checksums
            return base64.b64decode(kept).hex()
        digest = hashlib.sha256()
        with calling(S3, f"GetObject s3://{self.name}/{key}", self.conn_id):
            answer = self.client.get_object(**self._of(key, version))
            with closing(answer["Body"]) as body:
                for chunk in body.iter_chunks(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()

    def _of(self, key: str, version: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": key} | ({"VersionId": version} if version else {})
