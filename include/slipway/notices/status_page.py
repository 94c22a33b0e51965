"""Tell everybody on the public status page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from slipway.channel import Channel, Twice
from slipway.letter import Letter
from slipway.notices.reach import header_line
from slipway.run import Json
from slipway.vendor import Vendor, call, read_json

STATUSPAGE = Vendor(system="Statuspage", authorization="OAuth {password}")
LONGEST_NAME = 200  # characters
NEWEST = 100  # incidents that are looked through, one page of the API


class IncidentStatus(StrEnum):
    """How far an incident is, as the status page shows it."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class StatusPage(Channel):
    """An incident on a page of Statuspage, or a further word on one that this release opened.

    :param connection: an `http` connection to api.statuspage.io; its password is the API key
    :param page: the page's id
    :param status: what the page shows from now on
    :param incident: notices of one release with the same name here speak of one incident
    """

    page: str = ""
    status: IncidentStatus = IncidentStatus.INVESTIGATING
    incident: str = "deployment"

    kind: ClassVar[str] = "status_page"
    connection_type: ClassVar[str] = "http"
    system: ClassVar[str] = "status page"

    @property
    def twice(self) -> Twice:
        """The incident carries the release in its metadata and is looked for."""
        return Twice.LOOKED_FOR

    @property
    def place(self) -> str:
        """Page and status."""
        return f"{self.page} ({self.status})".strip()

    def lacks(self) -> str:
        """Return "page" if it is not given."""
        return super().lacks() or ("" if self.page else "page")

    def look(self) -> str:
        """Read the page's incidents."""
        return f"page {self.page}, {len(self._listed())} incidents readable"

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Open the release's incident, or add to it; what stands there already is not written again."""
        there = self._find(letter.thread(self.incident))
        if there is None:
            return self._proof(self._write("POST", "", self._new(letter)), "opened")
        if _says(there, str(self.status), letter.text):
            return self._proof(there, "already there")
        update = {"incident": {"status": str(self.status), "body": letter.text}}
        return self._proof(self._write("PATCH", f"/{there['id']}", update), "updated")

    def _find(self, thread: str) -> Mapping[str, Any] | None:
        return next((each for each in self._listed() if _thread_of(each) == thread), None)

    def _listed(self) -> Sequence[Mapping[str, Any]]:
        path = f"/v1/pages/{self.page}/incidents?limit={NEWEST}"
        found: Sequence[Mapping[str, Any]] = read_json(
            STATUSPAGE, call(STATUSPAGE, self.connection, "GET", path)
        )
        return found

    def _write(self, method: str, path: str, body: Mapping[str, Json]) -> Mapping[str, Any]:
        path = f"/v1/pages/{self.page}/incidents{path}"
        answer: Mapping[str, Any] = read_json(
            STATUSPAGE, call(STATUSPAGE, self.connection, method, path, json=body)
        )
        return answer

    def _new(self, letter: Letter) -> dict[str, Json]:
        thread = letter.thread(self.incident)
        return {
            "incident": {
                "name": header_line(letter.subject, LONGEST_NAME),
                "status": str(self.status),
                "body": letter.text,
                "metadata": {"slipway": {"thread": thread}},
            }
        }

    def _proof(self, incident: Mapping[str, Any], what: str) -> dict[str, Json]:
        return {"incident": incident["id"], "status": incident["status"], "did": what}


def _thread_of(incident: Mapping[str, Any]) -> str:
    metadata = incident.get("metadata") or {}
    return str((metadata.get("slipway") or {}).get("thread", ""))


def _says(incident: Mapping[str, Any], status: str, text: str) -> bool:
    updates = incident.get("incident_updates") or []
    return any(each.get("status") == status and each.get("body") == text for each in updates)
