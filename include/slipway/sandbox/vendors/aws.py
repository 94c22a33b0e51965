"""Amazon Web Services: moto behind a stand-in's door, with what moto leaves out of CloudFront.

Moto answers a second CreateInvalidation of the same caller reference with a second invalidation, and says
COMPLETED at once. Here a reference is answered as Amazon does, and an invalidation goes through InProgress.

Moto looks through all of CloudWatch's data for each second that is asked for. Here it looks through the
metrics that are asked for.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from itertools import chain
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.stand_in import StandIn, serving

if TYPE_CHECKING:
    from flask import Flask

ACCOUNT = "123456789012"  # moto's own
ACCESS_KEY = "AKIASANDBOXSANDBOX00"
_CLOUDFRONT = "/2020-05-31/"
_CODES = {
    400: "InvalidRequest",
    401: "InvalidAccessKeyId",
    403: "AccessDenied",
    404: "NoSuchBucket",
    409: "OperationAborted",
    429: "TooManyRequestsException",
    500: "InternalError",
    503: "SlowDown",
}


@dataclass(kw_only=True)
class Aws:
    """What the stand-in can be told beside its troubles.

    :param codes: the error code that is answered with a status
    :param invalidation_takes: seconds that an invalidation is InProgress
    """

    codes: dict[int, str] = field(default_factory=lambda: dict(_CODES))
    invalidation_takes: float = 0.2
    under_way: dict[str, float] = field(default_factory=dict)  # invalidation -> when it will be completed

    def invalidations(self, distribution: str) -> list[Any]:
        """Return moto's invalidations of a distribution."""
        return list(_backend("cloudfront").invalidations.get(distribution, []))

    def bucket(self, name: str) -> Any:
        """Return moto's bucket."""
        return _backend("s3").get_bucket(name)

    def put(self, bucket: str, key: str, content: bytes, content_type: str) -> None:
        """Write an object beside the API, e.g. what was there before a release."""
        made = _backend("s3").put_object(bucket, key, content)
        made.set_metadata({"Content-Type": content_type})

    def advance(self) -> None:
        """Complete the invalidations whose time has come."""
        due = {found for found, at in self.under_way.items() if at <= time.monotonic()}
        for each in chain.from_iterable(_backend("cloudfront").invalidations.values()):
            if each.id in due or each.status == "COMPLETED":
                each.status = "Completed"
        self.under_way = {found: at for found, at in self.under_way.items() if found not in due}


def aws(
    state: Aws | None = None,
    *,
    buckets: Sequence[str] = (),
    unversioned: Sequence[str] = (),
    distributions: Mapping[str, str] | None = None,
) -> StandIn:
    """Return a stand-in that has these buckets and distributions.

    :param buckets: with versioning
    :param unversioned: without
    :param distributions: the bucket that each serves, by id
    """
    from flask import Flask, request
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.wrappers import Response

    state = state or Aws()
    moto = DomainDispatcherApplication(create_backend_app)
    _look_through_less()
    app = Flask("aws", static_folder=None)
    app.url_map.merge_slashes = False  # "a//b" is a key of its own
    methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]

    def known() -> Any:
        state.advance()
        login = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
        if login and login[1] != ACCESS_KEY:
            return _error(
                state, 403, "The access key id does not exist in our records.", "InvalidAccessKeyId"
            )
        return None

    @app.route("/", defaults={"path": ""}, methods=methods)
    @app.route("/<path:path>", methods=methods)
    def answered(path: str) -> Any:
        # The stand-in's log has read a JSON body already: moto gets it from memory.
        return Response.from_app(moto, _with_body(request.environ, request.get_data(cache=True)))

    _add_invalidations(app, state, moto)
    _forget()  # moto keeps its state in the process, also that of an earlier stand-in
    _furnish(buckets, unversioned, distributions or {})
    stand_in = StandIn(app=app, error=lambda status, said: _error(state, status, said))
    stand_in.app.before_request(known)
    stand_in.app.extensions["aws"] = state
    return stand_in


@contextmanager
def serving_aws(
    stand_in: StandIn | None = None, port: int = 0, **furniture: Any
) -> Iterator[tuple[StandIn, str]]:
    """Serve it on loopback and yield it with its address; at the end moto forgets everything.

    :param furniture: what `aws` takes
    """
    stand_in = stand_in or aws(**furniture)
    try:
        with serving(stand_in, port) as address:
            yield stand_in, address
    finally:
        _forget()  # which closes moto's files


def connection(address: str) -> dict[str, Any]:
    """Return the Airflow connection that leads to the stand-in."""
    return {
        "conn_type": "aws",
        "login": ACCESS_KEY,
        "password": "sandbox-secret",
        "extra": {"endpoint_url": address, "region_name": "us-east-1"},
    }


def _backend(service: Any) -> Any:
    from moto.backends import get_backend

    return get_backend(service)[ACCOUNT]["aws"]


def _furnish(buckets: Sequence[str], unversioned: Sequence[str], distributions: Mapping[str, str]) -> None:
    s3, cloudfront = _backend("s3"), _backend("cloudfront")
    for name in (*buckets, *unversioned):
        s3.create_bucket(name, "us-east-1")
    for name in buckets:
        s3.put_bucket_versioning(name, "Enabled")
    for wanted, bucket in distributions.items():
        origin = {
            "Id": bucket,
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        config = {
            "CallerReference": wanted,
            "Enabled": "true",
            "Comment": "",
            "Origins": {"Items": [origin], "Quantity": 1},
            "DefaultCacheBehavior": {"TargetOriginId": bucket, "ViewerProtocolPolicy": "allow-all"},
        }
        made, _, _ = cloudfront.create_distribution(config, [])
        cloudfront.distributions[wanted] = cloudfront.distributions.pop(made.distribution_id)
        made.distribution_id = wanted


def _add_invalidations(app: Flask, state: Aws, moto: Any) -> None:
    from flask import request
    from werkzeug.wrappers import Response

    @app.post(f"{_CLOUDFRONT}distribution/<distribution>/invalidation")
    def invalidate(distribution: str) -> Any:
        asked = request.get_data(cache=True).decode()
        reference = re.findall(r"<CallerReference>(.*?)</CallerReference>", asked)[0]
        earlier = [each for each in state.invalidations(distribution) if each.caller_ref == reference]
        if earlier and re.findall(r"<Path>(.*?)</Path>", asked) != earlier[0].paths:
            return _error(state, 400, "The reference has other paths.", "InvalidationBatchAlreadyExists")
        if earlier:
            found = f"{request.path}/{earlier[0].id}"
            here = {"PATH_INFO": found, "REQUEST_URI": found, "RAW_URI": found}
            look = {**_with_body(request.environ, b""), "REQUEST_METHOD": "GET", **here}
            shown = Response.from_app(moto, look)
            shown.status_code = 201
            return shown
        made = Response.from_app(moto, _with_body(request.environ, asked.encode()))
        _begin(state, distribution, made)
        return made


def _begin(state: Aws, distribution: str, made: Any) -> None:
    newest = state.invalidations(distribution)[-1:] if made.status_code == 201 else []
    for each in newest:
        each.status = "InProgress"
        state.under_way[each.id] = time.monotonic() + state.invalidation_takes
        made.set_data(made.get_data(as_text=True).replace("COMPLETED", "InProgress"))


def _with_body(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    import io

    return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _error(state: Aws, status: int, said: str, code: str = "") -> tuple[Any, int]:
    from flask import jsonify, request
    from markupsafe import escape

    code = code or state.codes.get(status, "InvalidRequest")
    if "X-Amz-Target" in request.headers:  # CloudWatch and its logs speak JSON
        return jsonify({"__type": code, "message": said}), status
    error = f"<Error><Code>{code}</Code><Message>{escape(said)}</Message></Error>"
    if request.path.startswith(_CLOUDFRONT):
        error = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{error}', status


def _look_through_less() -> None:
    from copy import copy

    from moto.cloudwatch.models import CloudWatchBackend

    if hasattr(CloudWatchBackend.get_metric_data, "__wrapped__"):
        return
    whole = CloudWatchBackend.get_metric_data

    @wraps(whole)
    def of_these(backend: Any, queries: list[dict[str, Any]], *rest: Any, **more: Any) -> Any:
        stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
        names = {stat["Metric"]["MetricName"] for stat in stats}
        part = copy(backend)
        part.metric_data = [datum for datum in backend.metric_data if datum.name in names]
        return whole(part, queries, *rest, **more)

    CloudWatchBackend.get_metric_data = of_these  # type: ignore[method-assign,assignment]


def _forget() -> None:
    for service in ("s3", "cloudfront"):
        _backend(service).reset()
