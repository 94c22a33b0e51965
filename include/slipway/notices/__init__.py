"""The channels of notices, one file each; a new kind is added to KINDS."""

from collections.abc import Mapping
from types import MappingProxyType

from slipway.channel import Channel
from slipway.notices.email import Email
from slipway.notices.in_app import InApp
from slipway.notices.pager_duty import PagerDuty
from slipway.notices.slack import Slack
from slipway.notices.status_page import StatusPage
from slipway.notices.teams import Teams
from slipway.notices.webhook import Webhook

__all__ = ["KINDS", "Email", "InApp", "PagerDuty", "Slack", "StatusPage", "Teams", "Webhook"]

KINDS: Mapping[str, type[Channel]] = MappingProxyType(
    {kind.kind: kind for kind in (Email, InApp, PagerDuty, Slack, StatusPage, Teams, Webhook)}
)
