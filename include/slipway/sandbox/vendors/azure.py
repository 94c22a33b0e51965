"""Azure: sign-in, Resource Manager, Kudu and App Configuration on one address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slipway.sandbox.vendors.azure_app_configuration import add_app_configuration, problem
from slipway.sandbox.vendors.azure_arm import add_arm
from slipway.sandbox.vendors.azure_kudu import add_kudu
from slipway.sandbox.vendors.azure_state import AzureState
from slipway.sandbox.vendors.azure_static import add_static
from slipway.sandbox.vendors.stand_in import StandIn

_CODES = {400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "AuthorizationFailed", 404: "NotFound"}


@dataclass(kw_only=True)
class Azure(StandIn):
    """The stand-in, with what it keeps."""

    state: AzureState


def azure(state: AzureState | None = None) -> Azure:
    """Make it. What it keeps and what it is told stands in `state`."""
    from flask import Flask

    made = state or AzureState()
    stand_in = Azure(app=Flask("azure"), error=_error, state=made)
    add_arm(stand_in.app, made)
    add_static(stand_in.app, made)
    add_kudu(stand_in.app, made)
    add_app_configuration(stand_in.app, made)
    return stand_in


def _error(status: int, said: str) -> tuple[Any, int]:
    """Return an error in the shape of the service that was called."""
    from flask import request

    if request.path.startswith(("/kv", "/keys")):
        return problem(status, said)
    if request.path.startswith("/scm/"):
        return {"Message": said}, status
    return {"error": {"code": _CODES.get(status, "InternalServerError"), "message": said}}, status
