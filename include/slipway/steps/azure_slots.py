"""A slot of an Azure web app: its site in the Resource Manager, and its deployments in Kudu."""

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlencode, urlsplit

from slipway.run import Json, Run
from slipway.steps.azure_api import KUDU, arm, azure_call, group_path
from slipway.steps.packages import Package
from slipway.steps.reach import connection
from slipway.vendor import read_json
from slipway.vendor_faults import AnswerUnreadable

PRODUCTION = "production"
WEB = "2024-04-01"  # the API version of Microsoft.Web
_NOTE = re.compile(r"slipway: (\S+) sha256:([0-9a-f]{64}) release:(\S+)")
_UPLOAD = 300.0  # seconds for Kudu to take a package
_FAILED, _SUCCESS, _PARTLY = 3, 4, 6  # statuses of a deployment in Kudu; 5 is a conflict


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment as Kudu tells it. Package and release are known where Slipway sent it."""

    id: str
    status: int
    complete: bool
    active: bool
    text: str
    package: str
    sha256: str
    release: str

    @classmethod
    def read(cls, body: dict[str, Json]) -> "Deployment":
        """Read Kudu's JSON; the message says what Slipway sent."""
        note = _NOTE.fullmatch(str(body.get("message") or "").strip())
        package, sha256, release = note.groups() if note else ("", "", "")
        return cls(
            id=str(body["id"]),
            status=int(body["status"]),
            complete=bool(body.get("complete")),
            active=bool(body.get("active")),
            text=str(body.get("status_text") or ""),
            package=package,
            sha256=sha256,
            release=release,
        )

    @property
    def is_going(self) -> bool:
        return not self.complete and self.status not in {_FAILED, _SUCCESS, _PARTLY}

    @property
    def is_good(self) -> bool:
        return self.complete and self.status == _SUCCESS

    def __str__(self) -> str:
        return f"{self.package or 'an unknown package'} (deployment {self.id[:12]})"


@dataclass(frozen=True)
class Slot:
    """A slot of a web app; "production" is the app itself."""

    run: Run
    resource_group: str
    app: str
    slot: str

    def __str__(self) -> str:
        return f"{self.app}/{self.slot}"

    @property
    def path(self) -> str:
        """The slot's path in the Resource Manager."""
        names = () if self.slot == PRODUCTION else ("slots", self.slot)
        return group_path(self.resource_group, "Microsoft.Web", "sites", self.app, *names)

    def site(self) -> dict[str, Json] | None:
        """Return the site's properties, None if there is no such slot. Raises NotThere for the app itself."""
        accept = () if self.slot == PRODUCTION else (404,)
        body = arm(self.run, "GET", self.path, WEB, accept=accept)
        return None if body is None else dict(body["properties"])

    def standing(self) -> str:
        """Say how the slot stands."""
        site = self.site()
        return f"{self} is {site['state']}" if site else f"{self} is not there yet"

    def create(self) -> None:
        """Create the slot beside the app, on the same plan. Doing it twice is harmless."""
        app = arm(self.run, "GET", Slot(self.run, self.resource_group, self.app, PRODUCTION).path, WEB)
        plan = app["properties"].get("serverFarmId")
        body = {"location": app["location"], "properties": {"serverFarmId": plan}}
        arm(self.run, "PUT", self.path, WEB, json=body)
        self.run.log.info("Created the slot %s", self)

    def set_running(self, running: bool) -> bool:
        """Start or stop the slot; False if it was so already."""
        site = self.site() or {}
        if (site.get("state") == "Running") is running:
            return False
        arm(self.run, "POST", f"{self.path}/{'start' if running else 'stop'}", WEB, safe=True)
        self.run.log.info("%s the slot %s", "Started" if running else "Stopped", self)
        return True

    @cached_property
    def scm(self) -> str:
        """The address of the slot's Kudu site, with the scheme of the Resource Manager's own."""
        states = (self.site() or {}).get("hostNameSslStates") or []
        names = [state["name"] for state in states if state.get("hostType") == "Repository"]
        if not names:
            raise AnswerUnreadable("Azure", f"GET {self}", "it names no scm host")
        return f"{self.scheme}://{names[0]}"

    @property
    def scheme(self) -> str:
        """The scheme of the `azure` connection: https, or http in a rehearsal."""
        found = connection(self.run, "azure")
        return urlsplit(found.host).scheme if "://" in (found.host or "") else found.schema or "https"

    def deployments(self) -> list[Deployment]:
        """Return the slot's deployments, newest first."""
        answer = azure_call(KUDU, self.run, "GET", "/api/deployments", at=self.scm)
        rows = sorted(
            read_json(KUDU, answer), key=lambda row: str(row.get("received_time") or ""), reverse=True
        )
        return [Deployment.read(row) for row in rows]

    def newest(self) -> Deployment | None:
        """Return the deployment that was begun last."""
        return next(iter(self.deployments()), None)

    def active(self) -> Deployment | None:
        """Return the deployment whose files the slot serves."""
        return next((each for each in self.deployments() if each.active), None)

    def send(self, package: Package, release: str) -> None:
        """Hand a package to Kudu, which deploys it in the background; the message says what it is."""
        message = f"slipway: {package.name} sha256:{package.sha256} release:{quote(release, safe=':')}"
        query = urlencode({"isAsync": "true", "deployer": "slipway", "message": message})
        azure_call(
            KUDU,
            self.run,
            "POST",
            f"/api/zipdeploy?{query}",
            at=self.scm,
            data=package.path.read_bytes(),
            headers={"Content-Type": "application/zip"},
            timeout=_UPLOAD,
        )
        self.run.log.info("Sent %s (SHA-256 %s) to %s", package.name, package.sha256[:12], self)
