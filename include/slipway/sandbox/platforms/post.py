"""The services by which every system tells its people something: chat, mail, pager, status page.

Each keeps what it was sent: see `GET /_stand_in/calls` at its address; mail has a window, `GET /mails`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from slipway.sandbox.layout import System, port, token
from slipway.sandbox.vendors.inbox import inbox, taking_mail
from slipway.sandbox.vendors.pagerduty import pagerduty
from slipway.sandbox.vendors.receiver import receiver
from slipway.sandbox.vendors.slack import slack
from slipway.sandbox.vendors.stand_in import serving
from slipway.sandbox.vendors.statuspage import statuspage
from slipway.sandbox.vendors.teams import address, teams

SERVICES = ("slack", "teams", "pager", "status_page", "webhook")
LOGIN = "release@sandbox.example"


def serve(root: Path, open_: ExitStack) -> None:
    """Serve them all; they are shared by the systems."""
    secret = {name: token(root, f"post_{name}") for name in SERVICES}
    stand_ins = {
        "slack": slack(webhook=f"T0/B0/{secret['slack']}"),
        "teams": teams(signature=secret["teams"]),
        "pager": pagerduty(routing_key=_routing_key(root)),
        "status_page": statuspage(pages=tuple(System), key=secret["status_page"]),
        "webhook": receiver(secret=secret["webhook"]),
    }
    for name, stand_in in stand_ins.items():
        open_.enter_context(serving(stand_in, port(root, f"post_{name}")))
    mail = inbox(login=LOGIN, password=token(root, "post_mail"))
    open_.enter_context(taking_mail(mail, port(root, "post_mail")))
    open_.enter_context(serving(mail.stand_in, port(root, "post_mail_window")))


def connections(root: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the connections of each system's channels, e.g. "planner_slack"."""
    here = {"host": "127.0.0.1", "schema": "http"}
    at = {name: port(root, f"post_{name}") for name in (*SERVICES, "mail")}
    secret = {name: token(root, f"post_{name}") for name in SERVICES}
    kinds: dict[str, dict[str, Any]] = {
        "slack": {
            "conn_type": "slackwebhook",
            "host": f"http://127.0.0.1:{at['slack']}/services",
            "password": f"T0/B0/{secret['slack']}",
        },
        "teams": {**here, "conn_type": "http", "port": at["teams"], "password": address(secret["teams"])},
        "pager": {**here, "conn_type": "http", "port": at["pager"], "password": _routing_key(root)},
        "status_page": {
            **here,
            "conn_type": "http",
            "port": at["status_page"],
            "password": secret["status_page"],
        },
        "webhook": {**here, "conn_type": "http", "port": at["webhook"], "password": secret["webhook"]},
        "mail": {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": at["mail"],
            "login": LOGIN,
            "password": token(root, "post_mail"),
            "extra": {"from_email": LOGIN, "disable_ssl": True, "disable_tls": True},
        },
    }
    return {f"{system}_{name}": value for system in System for name, value in kinds.items()}


def _routing_key(root: Path) -> str:
    """Return a key of the form that PagerDuty wants: 32 letters and digits."""
    plain = "".join(c for c in token(root, "post_pager") if c.isalnum())
    return (plain * 2)[:32]
