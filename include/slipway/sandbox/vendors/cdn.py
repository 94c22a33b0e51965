"""A content delivery network: keeps what it fetched from its origin until it is purged."""

from __future__ import annotations

import fnmatch
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn


@dataclass(kw_only=True)
class Kept:
    """What an endpoint keeps, by path, and how many purges it has carried out."""

    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    purges: int = 0


def cdn(origin: str, purges: Callable[[], Sequence[Sequence[str]]]) -> StandIn:
    """Return an endpoint before an origin. It keeps for ever what was found, and tells by X-Cache.

    :param origin: the origin's address
    :param purges: returns the paths of every purge so far, e.g. [["/*"]]
    """
    from flask import Flask

    app, kept = Flask("cdn", static_folder=None), Kept()  # "static/" is a folder of the origin like any other

    @app.get("/", defaults={"path": "index.html"})
    @app.get("/<path:path>")
    def fetch(path: str) -> Any:
        _carry_out(kept, purges())
        found = kept.files.get(path)
        how = "HIT" if found else "MISS"
        try:
            body, kind = found or _fetched(f"{origin}/{path}")
        except urllib.error.HTTPError as refused:
            return refused.reason, refused.code
        except OSError as fault:
            return f"502: the origin does not answer ({fault})", 502
        kept.files[path] = body, kind
        return body, 200, {"Content-Type": kind, "X-Cache": how}

    return StandIn(app=app, error=lambda status, said: (f"{status}: {said}", status))


def _carry_out(kept: Kept, purges: Sequence[Sequence[str]]) -> None:
    if len(purges) < kept.purges:  # the endpoint was made anew
        kept.files.clear()
    for patterns in purges[kept.purges :]:
        for path in [p for p in kept.files if any(fnmatch.fnmatch(f"/{p}", each) for each in patterns)]:
            del kept.files[path]
    kept.purges = len(purges)


def _fetched(url: str) -> tuple[bytes, str]:
    import mimetypes

    with urllib.request.urlopen(url, timeout=5) as answer:
        body = bytes(answer.read())
    return body, mimetypes.guess_type(url)[0] or "application/octet-stream"
