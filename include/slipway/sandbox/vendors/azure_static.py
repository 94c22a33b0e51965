"""Static web apps in the stand-in of Azure: environments, and the files that they serve."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.azure_arm import WEB, Refused, where
from slipway.sandbox.vendors.azure_state import PRODUCTION, AzureState, Build

if TYPE_CHECKING:
    from flask import Flask


def add_static(app: Flask, state: AzureState) -> None:
    """Add the routes."""
    from flask import request

    @app.get(f"{WEB}/staticSites/<name>/builds/<build>")
    def show(name: str, build: str, **_: str) -> Any:
        found = _builds(state, name).get(build)
        if found is None:
            raise Refused(404, "NotFound", f"Build '{build}' of static site '{name}' was not found.")
        host = found.host or f"{request.host}/static/{name}/{build}"
        return {"name": build, "properties": {"hostname": host, "status": found.status}}

    @app.post(f"{WEB}/staticSites/<name>/builds/<build>/zipdeploy")
    def deploy(name: str, build: str, **_: str) -> Any:
        address = str((request.get_json() or {}).get("properties", {}).get("appZipUrl", ""))
        if not address.startswith(("http://", "https://")):
            raise Refused(400, "BadRequest", "The parameter properties.appZipUrl is required.")
        found = _builds(state, name).setdefault(build, Build())
        found.status = "Uploading"

        def work() -> None:
            package = _fetched(address)
            state.static_deployed(name, PRODUCTION if build == "default" else build, package)
            found.package, found.status = package, "Ready"

        operation = state.begin("static", work, lambda _: setattr(found, "status", "Failed"))
        return "", 202, where(state, operation, request.host)

    @app.get("/static/<name>/<build>/<path:file>")
    def file_of(name: str, build: str, file: str) -> Any:
        with suppress(KeyError, zipfile.BadZipFile):
            return zipfile.ZipFile(io.BytesIO(state.sites[name][build].package)).read(file)
        return "404: Not Found", 404


def _builds(state: AzureState, name: str) -> dict[str, Build]:
    if name not in state.sites:
        text = f"The Resource 'Microsoft.Web/staticSites/{name}' was not found."
        raise Refused(404, "ResourceNotFound", text)
    return state.sites[name]


def _fetched(address: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(address, timeout=10) as answer:
        content = bytes(answer.read())
    zipfile.ZipFile(io.BytesIO(content)).testzip()
    return content
