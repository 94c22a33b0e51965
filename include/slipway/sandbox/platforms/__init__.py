"""What the systems of the sandbox run on: the stand-ins of the vendors that their plans name.

`python -m slipway.sandbox.platforms --root ROOT` serves those of the chosen systems in one process. A
system without an entry in PLATFORMS needs none.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Any, Protocol

from slipway.sandbox.layout import Place, System
from slipway.sandbox.platforms.communityshare import CommunitySharePlatform
from slipway.sandbox.platforms.goals import GoalsPlatform
from slipway.sandbox.platforms.scores import Scores
from slipway.sandbox.postgres import Postgres


class Platform(Protocol):
    """The vendors of one system. Its state lies in files under the root or in the stand-ins' process."""

    def serve(self, postgres: Postgres, open_: ExitStack) -> None:
        """Start its stand-ins on their remembered ports (layout.port); `open_` ends them."""

    def connections(self, postgres: Postgres) -> Mapping[str, Mapping[str, Any]]:
        """Return its Airflow connections by id, beside those that every system has."""

    def settings(self, place: Place) -> Mapping[str, object]:
        """Return what its service is told beside its database and its port, or instead of these."""

    def reset(self, postgres: Postgres, place: Place) -> None:
        """Bring the vendors' state of one environment back to v1's; its service runs v1 already."""

    def fingerprint(self, place: Place) -> Mapping[str, Any]:
        """Return what the vendors hold of one environment, to tell whether it is as it was."""


PLATFORMS: Mapping[System, Platform] = MappingProxyType(
    {
        System.GOALS: GoalsPlatform(),
        System.SCORES: Scores(),
        System.COMMUNITYSHARE: CommunitySharePlatform(),
    }
)
