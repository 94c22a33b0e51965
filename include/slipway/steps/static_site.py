"""An environment of an Azure static web app: its build, and the file by which versions are told apart."""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from slipway.run import Json, Run
from slipway.steps.azure_api import SETTINGS, arm, arm_answer, group_path, unsigned
from slipway.steps.azure_slots import WEB
from slipway.steps.faults.azure import ConnectionIncomplete
from slipway.steps.packages import Package
from slipway.steps.reach import connection
from slipway.vendor import Vendor, call

_SITE = Vendor(system="The static site", authorization="", settings=SETTINGS)


@dataclass(frozen=True)
class StaticSite:
    """One environment ("build") of a static web app."""

    run: Run
    resource_group: str
    name: str
    environment: str

    def __str__(self) -> str:
        return f"{self.name}/{self.environment}"

    @property
    def path(self) -> str:
        """The build's path in the Resource Manager; "production" is called "default" there."""
        build = "default" if self.environment == "production" else self.environment
        names = ("Microsoft.Web", "staticSites", self.name, "builds", build)
        return group_path(self.resource_group, *names)

    def build(self) -> dict[str, Json] | None:
        """Return the build's properties, None if nothing was ever deployed there."""
        body = arm(self.run, "GET", self.path, WEB, accept=(404,))
        return None if body is None else dict(body["properties"])

    def address(self, build: dict[str, Json], marker: str) -> str:
        """Return where the marker file is served."""
        found = connection(self.run, "azure")
        scheme = urlsplit(found.host).scheme if "://" in (found.host or "") else found.schema or "https"
        return f"{scheme}://{build['hostname']}/{marker}"

    def served(self, marker: str) -> str:
        """Return the SHA-256 of the marker file as the site serves it, "" if it serves none."""
        build = self.build()
        if build is None:
            return ""
        address, _, name = self.address(build, marker).rpartition("/")
        headers = {"Cache-Control": "no-cache"}
        conn_id = self.run.environment.azure
        answer = call(
            _SITE, conn_id, "GET", f"/{name}", at=address, auth=unsigned, accept=(404,), headers=headers
        )
        return "" if answer.status_code == 404 else hashlib.sha256(answer.content).hexdigest()

    def begin(self, package: Package) -> Any:
        """Tell Azure to fetch a package and deploy it."""
        body = {
            "properties": {
                "appZipUrl": _address_of(self.run, package),
                "deploymentTitle": f"slipway: {package.name} sha256:{package.sha256}",
                "provider": "slipway",
            }
        }
        return arm_answer(self.run, "POST", f"{self.path}/zipdeploy", WEB, json=body)


def _address_of(run: Run, package: Package) -> str:
    """Return where Azure fetches a package: extra "url" of the `artifacts` connection, its query kept."""
    from airflow.sdk.log import mask_secret

    found = connection(run, "artifacts")
    url = urlsplit(str(found.extra_dejson.get("url") or ""))
    if not url.netloc:
        raise ConnectionIncomplete(found.conn_id, ['"url" in its extra, where Azure can fetch the packages'])
    if url.query:
        mask_secret(url.query)  # a shared access signature
    return urlunsplit(url._replace(path=f"{url.path.rstrip('/')}/{package.name}"))
