"""Backups and restores of Heroku Postgres, which it calls transfers: begun once, and seen to their end."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slipway.run import Json, Run, remembered
from slipway.steps.faults.heroku import TransferFailed
from slipway.steps.heroku_api import HEROKU_DATA, ask_data
from slipway.still_going import StillGoing
from slipway.vendor_faults import AnswerUnreadable

BACKUP, RESTORE = "gof3r", "pg_restore"  # what a transfer writes to
APPEARS_WITHIN = timedelta(minutes=5)  # after that, what was begun and is not listed is begun again
_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A backup or a restore. `url` is where a backup lies; it opens for anyone, so it is never logged."""

    num: int
    uuid: str
    to_type: str
    finished_at: str
    succeeded: bool
    scheduled: bool
    size: int
    url: str
    last_log: str

    @property
    def name(self) -> str:
        """Its name in the CLI, e.g. "b012"."""
        return f"{'b' if self.to_type == BACKUP else 'r'}{self.num:03d}"


def transfers(run: Run, app: str) -> list[Transfer]:
    """Return the app's backups and restores, oldest first."""
    path = f"/client/v11/apps/{app}/transfers"
    try:
        found = [_transfer(body) for body in ask_data(run, "GET", path)]
    except (KeyError, TypeError) as error:
        raise AnswerUnreadable(HEROKU_DATA.system, f"GET {path}", f"no {error} in a transfer") from error
    return sorted(found, key=lambda transfer: transfer.num)


def see_to_its_end(run: Run, app: str, key: str, to_type: str, begin: Callable[[], Json]) -> Transfer:
    """Begin a transfer, unless an earlier try did, and return it when it succeeded.

    Whatever came after the first look, and no schedule made, is taken for ours: the number of one whose
    answer was lost is not known.

    :param key: under which it is remembered
    :param begin: begins it, and returns Heroku's answer
    Raises StillGoing meanwhile, and TransferFailed once for each one that failed.
    """
    what = "the backup" if to_type == BACKUP else "the restore"
    before = int(run.remember(f"{key}.before", lambda: _newest(run, app)))
    listed = transfers(run, app)
    for transfer in listed:
        if transfer.num <= before or transfer.to_type != to_type or transfer.scheduled:
            continue
        if not transfer.finished_at:
            raise StillGoing(f"{app}: {what} {transfer.name}", every=_EVERY)
        why = _fault(transfer)
        if not why:
            return transfer
        if run.recall(f"{key}.failed.{transfer.num}") is None:
            run.remember(f"{key}.failed.{transfer.num}", str(why).strip)
            raise TransferFailed(app, what, transfer.name, why)
    begun = remembered(run, f"{key}.begun")
    if not (begun and _may_still_appear(run, key, begun[-1], listed)):
        answer = begin()
        run.remember(f"{key}.begun.{len(begun)}", lambda: _name_of(answer))
    raise StillGoing(f"{app}: {what}", every=_EVERY)


def _may_still_appear(run: Run, key: str, begun: dict[str, Json], listed: Sequence[Transfer]) -> bool:
    """Whether Heroku just does not list yet what was begun; one that failed may have been deleted."""
    is_listed = begun["uuid"] in {transfer.uuid for transfer in listed}
    failed = run.recall(f"{key}.failed.{begun['num']}") is not None
    return not is_listed and not failed and time.time() - begun["at"] < APPEARS_WITHIN.total_seconds()


def _name_of(answer: Json) -> dict[str, Json]:
    known = answer if isinstance(answer, Mapping) else {}
    return {"uuid": str(known.get("uuid")), "num": known.get("num"), "at": time.time()}


def _newest(run: Run, app: str) -> int:
    return max((transfer.num for transfer in transfers(run, app)), default=0)


def _fault(transfer: Transfer) -> str:
    if not transfer.succeeded:
        return transfer.last_log or "Heroku does not say why"
    return "" if transfer.size > 0 else "it is empty"


def _transfer(body: dict[str, Any]) -> Transfer:
    logs = body.get("logs") or []
    return Transfer(
        num=int(body["num"]),
        uuid=str(body["uuid"]),
        to_type=str(body["to_type"]),
        finished_at=str(body["finished_at"] or ""),
        succeeded=bool(body["succeeded"]),
        scheduled=bool(body.get("schedule")),
        size=int(body["processed_bytes"] or 0),
        url=str(body.get("to_url") or ""),
        last_log=str(logs[-1].get("message", "")) if logs else "",
    )
