"""Faults of Amazon Web Services: botocore's errors in Slipway's words, and what only S3 can get wrong.

StepFailed (another try may help)
|- SlowedDown (a TooManyCalls), SyncNotTaken, UploadNotTaken
StepImpossible (no second try)
`- ConnectionIncomplete, VersioningOff, NothingToSync, WrittenSince, ManifestDamaged, KeptTooShort
"""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible
from slipway.vendor_faults import (
    AccessRefused,
    AnswerUnreadable,
    CallRefused,
    InTheWay,
    NotThere,
    TooManyCalls,
    VendorBroken,
    VendorUnreachable,
)

_SLOW = frozenset(
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "TooManyRequestsException",
        "TooManyInvalidationsInProgress",
        "429",
    }
)
_UNKNOWN_LOGIN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidToken",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AuthFailure",
    }
)
_MENDS = {
    "NoSuchBucket": "See that the bucket's name in the plan and the connection's region are right.",
    "NoSuchDistribution": "See that the distribution's id in the plan and the connection's account fit.",
    "NoSuchVersion": "That version was removed, e.g. by a lifecycle rule; upload the files of the release "
    "before by hand.",
    "PermanentRedirect": "The bucket is in another region: set region_name in the connection's extra.",
    "IllegalLocationConstraintException": "Set region_name in the connection's extra to the bucket's region.",
    "AuthorizationHeaderMalformed": "Set region_name in the connection's extra to the bucket's region.",
    "RequestTimeTooSkewed": "Set this worker's clock.",
}


class SlowedDown(TooManyCalls):
    """AWS asks for patience, in words of its own (SlowDown, Throttling, ...)."""

    def __init__(self, system: str, call: str, code: str) -> None:
        self.system, self.call, self.code, self.wait = system, call, code, None
        StepFailed.__init__(
            self,
            f"{system}: {call}: {code}, too many calls. Try again later; see what else uses the account.",
        )


class ConnectionIncomplete(StepImpossible):
    """The connection holds no usable credentials, or no region."""

    def __init__(self, system: str, call: str, conn_id: str, why: str) -> None:
        self.system, self.call, self.conn_id, self.why = system, call, conn_id, why
        super().__init__(
            f"{system}: {call}: {why}. Set login (access key id), password (secret key) and region_name in "
            f'the extra of the connection "{conn_id}", or a role_arn that this worker may take on.'
        )


class VersioningOff(StepImpossible):
    """A bucket keeps no versions, so what is replaced could not be brought back."""

    def __init__(self, bucket: str, status: str) -> None:
        self.bucket, self.status = bucket, status
        super().__init__(
            f"s3://{bucket}: versioning is {status}, so nothing could be undone; nothing was touched. "
            f"Turn it on: aws s3api put-bucket-versioning --bucket {bucket} "
            "--versioning-configuration Status=Enabled"
        )


class NothingToSync(StepImpossible):
    """The folder holds no file: the build did not run, and to sync it would empty the bucket."""

    def __init__(self, folder: str, target: str) -> None:
        self.folder, self.target = folder, target
        super().__init__(
            f"{folder}: holds no file, and {target} is left as it is. See that the build ran and "
            "wrote its files there."
        )


class SyncNotTaken(StepFailed):
    """After a sync or an upload the bucket does not list what it should."""

    def __init__(self, target: str, keys: Sequence[str]) -> None:
        self.target, self.keys = target, tuple(keys)
        shown = ", ".join(self.keys[:5]) + (f" and {len(self.keys) - 5} more" if len(self.keys) > 5 else "")
        super().__init__(
            f"{target}: not as wanted afterwards: {shown}. See who else writes there, and try again."
        )


class WrittenSince(StepImpossible):
    """Objects of a bucket are neither as a sync left them nor as they were before it."""

    def __init__(self, place: str, keys: Sequence[str]) -> None:
        self.place, self.keys = place, tuple(keys)
        shown = ", ".join(self.keys[:5]) + (f" and {len(self.keys) - 5} more" if len(self.keys) > 5 else "")
        super().__init__(
            f"{place}: somebody else changed since this release: {shown}. Nothing was brought back. Ask who "
            "did; if theirs is to stay, mark this task success, else bring back this release's versions of "
            "those objects and clear it."
        )


class ManifestDamaged(StepImpossible):
    """The list of what a bucket held before is not the one that was kept."""

    def __init__(self, place: str, expected: str, found: str) -> None:
        self.place, self.expected, self.found = place, expected, found
        super().__init__(
            f"{place}: its SHA-256 is {found[:12]}, and was {expected[:12]} when it was kept; nothing is "
            "restored from it. Bring back an older version of it, and clear this task."
        )


class UploadNotTaken(StepFailed):
    """What S3 holds is not what was sent."""

    def __init__(self, place: str, expected: str, found: str) -> None:
        self.place, self.expected, self.found = place, expected, found
        super().__init__(
            f"{place}: its SHA-256 is {found[:12]}, not {expected[:12]} as sent. It does not count as a "
            "backup; clear this task to send it again."
        )


class KeptTooShort(StepImpossible):
    """A lifecycle rule of the bucket removes the backup before its time."""

    def __init__(self, place: str, until: str, wanted: str, rule: str) -> None:
        self.place, self.until, self.wanted, self.rule = place, until, wanted, rule
        super().__init__(
            f'{place}: the bucket\'s lifecycle rule "{rule}" removes it on {until}, before {wanted}. Change '
            "the rule, use another prefix, or ask for less in keep_for."
        )


def fault_of(system: str, call: str, conn_id: str, error: Exception) -> Exception:
    """Return the fault that one of boto's errors stands for."""
    from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    if isinstance(error, Boto3Error) and isinstance(error.__context__, Exception):
        error = error.__context__  # the transfer's own error hides the service's
    if isinstance(error, ClientError):
        return _of_answer(system, call, conn_id, error)
    return _without_answer(system, call, conn_id, error)


def is_unknown_login(error: Exception) -> bool:
    """Say whether AWS does not know what a call was signed with, or not any more."""
    response = getattr(error, "response", None) or {}  # where none came, some of boto's errors say None
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return response.get("Error", {}).get("Code", "") in _UNKNOWN_LOGIN or status == 401


def _of_answer(system: str, call: str, conn_id: str, error: Exception) -> Exception:
    response = getattr(error, "response", {})
    told = response.get("Error", {})
    code, said = str(told.get("Code", "")), str(told.get("Message", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _SLOW or status == 429:
        return SlowedDown(system, call, code)
    words = " ".join(f"{code}: {said}".split())[:200]
    mend = _MENDS.get(code, "")
    if is_unknown_login(error):
        renew = f'Its credentials are expired or wrong: set new ones in the connection "{conn_id}".'
        return AccessRefused(system, call, conn_id, status, words, renew)
    if status == 403:
        return AccessRefused(system, call, conn_id, status, words, mend)
    if status == 404:
        return NotThere(system, call, words, mend)
    if status == 409:
        return InTheWay(system, call, words, mend)
    if status >= 500:
        return VendorBroken(system, call, status, words)
    return CallRefused(system, call, status, words, mend)


def _without_answer(system: str, call: str, conn_id: str, error: Exception) -> Exception:
    from botocore import exceptions as boto  # type: ignore[import-untyped]
    from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

    why = " ".join(str(error).split())[:200]
    if isinstance(error, ResponseParserError):
        return AnswerUnreadable(system, call, why)
    if isinstance(error, KeyError):  # botocore reads what it can of a JSON answer that broke off
        return AnswerUnreadable(system, call, f"the answer has no {why}")
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.NoRegionError):
        return ConnectionIncomplete(system, call, conn_id, why.rstrip("."))
    if isinstance(error, boto.ParamValidationError):
        return CallRefused(system, call, 400, why)
    if isinstance(error, boto.ConnectTimeoutError):
        return VendorUnreachable(system, call, conn_id, "no connection in time", sent=False)
    if isinstance(error, boto.EndpointConnectionError):
        return VendorUnreachable(system, call, conn_id, "no connection", sent=False)
    if isinstance(error, boto.ReadTimeoutError):
        return VendorUnreachable(system, call, conn_id, "no answer in time", sent=True)
    if isinstance(error, boto.ConnectionClosedError | boto.ResponseStreamingError | boto.IncompleteReadError):
        return VendorUnreachable(system, call, conn_id, "the answer broke off half-way", sent=True)
    return VendorUnreachable(system, call, conn_id, why.rstrip("."), sent=True)
