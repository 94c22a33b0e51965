"""What the login of the cluster's stand-in may do: one rule for its calls and for reviews of its access."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.kubernetes_rules import Refused

if TYPE_CHECKING:
    from flask import Flask

Right = tuple[str, str]  # verb and plural, e.g. ("patch", "cronjobs")
USER = "system:serviceaccount:slipway:release"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}


def add_access(app: Flask, forbidden: Collection[Right]) -> None:
    """Refuse the calls that are forbidden, and answer SelfSubjectAccessReviews, of which nothing is kept."""
    from flask import jsonify, request

    @app.before_request
    def may() -> None:
        named = request.view_args or {}
        verb = _VERBS.get(request.method, "")
        if verb == "get" and "name" not in named:
            verb = "list"
        require(forbidden, verb, named)

    @app.post(REVIEWS)
    def review() -> Any:
        asked = request.get_json()
        attributes = (asked.get("spec") or {}).get("resourceAttributes")
        if not attributes:
            raise Refused(422, "spec.resourceAttributes: Invalid value: null: it must be specified")
        allowed = (attributes["verb"], attributes["resource"]) not in forbidden
        return jsonify({**asked, "metadata": {}, "status": {"allowed": allowed}}), 201


def require(forbidden: Collection[Right], verb: str, named: Mapping[str, str]) -> None:
    """Raise Refused if the login may not do this with what the path names."""
    if (verb, named.get("plural")) in forbidden:
        raise Refused(403, _refusal(named, verb))


def _refusal(named: Mapping[str, str], verb: str) -> str:
    plural, group, name = named["plural"], named.get("group", ""), named.get("name", "")
    space = named.get("namespace", "")
    scope = f'in the namespace "{space}"' if space else "at the cluster scope"
    what = ".".join(filter(None, (plural, group))) + (f' "{name}"' if name else "")
    may_not = f'User "{USER}" cannot {verb} resource "{plural}" in API group "{group}" {scope}'
    return f"{what} is forbidden: {may_not}"
