"""Player pools of a week: listing, import, smart scores, lineups."""

import projections
import ranking
from database import row, rows, transaction
from web import Refused

POSITIONS = ("QB", "RB", "WR", "TE", "K", "DST")
LINEUP = {"QB": 1, "RB": 2, "WR": 3, "TE": 1, "K": 1, "DST": 1}
SALARY_CAP = 60_000
NEEDS = {
    "weeks": "id, season, number, is_current",
    "player_pools": "id, week_id, name, team, position, salary, floor, median, ceiling, status",
    "feature_flags": "name, enabled, percentage",
}


def user_of(request):
    header = request.headers.get("X-User") or ""
    return int(header) if header.isdigit() else None


def week(text):
    """The id of a week that exists; `current` names the current one."""
    if text != "current" and not text.isdigit():
        raise Refused(400, f"{text!r} is not a week")
    found = row(
        "SELECT id FROM weeks WHERE is_current" if text == "current" else "SELECT id FROM weeks WHERE id = %s",
        [] if text == "current" else [int(text)],
    )
    if found is None:
        raise Refused(404, f"no week {text}")
    return found["id"]


def players(week_id, position, limit, user):
    if position not in POSITIONS:
        raise Refused(400, f"position: one of {', '.join(POSITIONS)}")
    return rows(
        f"SELECT id, name, team, position, salary, status, {projections.columns(user)} FROM player_pools"
        " WHERE week_id = %s AND position = %s ORDER BY player_pools.median DESC NULLS LAST, id LIMIT %s",
        [week_id, position, limit],
    )


def list_pool(app, request):
    week_id = week(request.arguments["week_id"])
    found = players(week_id, request.query.get("position", "QB"), 25, request.user)
    for player, mentions in zip(found, ranking.news([p["name"] for p in found]), strict=True):
        player["news"] = mentions
    return {"week_id": week_id, "players": found}


def import_pool(app, request):
    """Replace the pool of a week by the given players, all or none."""
    week_id = week(request.arguments["week_id"])
    given = [checked(player) for player in request.body.get("players", [])]
    if not given:
        raise Refused(422, "players: a list of name, team, position, salary, floor, median, ceiling")
    with transaction() as connection:
        connection.execute("DELETE FROM player_pools WHERE week_id = %s", [week_id])
        for player in given:
            values = {"week_id": week_id, **player, **projections.stored(week_id, player)}
            connection.execute(
                f"INSERT INTO player_pools ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
    return {"week_id": week_id, "imported": len(given)}


def checked(player):
    if not isinstance(player, dict) or not player.get("name") or player.get("position") not in POSITIONS:
        raise Refused(422, f"not a player: {player}")
    return {k: player.get(k) for k in ("name", "team", "position", "salary", "floor", "median", "ceiling")}


def smart_score(app, request):
    week_id = week(request.arguments["week_id"])
    found = players(week_id, request.query.get("position", "RB"), 25, request.user)
    return {
        "week_id": week_id,
        "players": [{"name": p["name"], "smart_score": ranking.value(p)} for p in ranking.order(found)],
    }


def lineup(app, request):
    """The best players under the salary cap, greedily by smart score."""
    week_id, chosen, left = week(request.arguments["week_id"]), [], SALARY_CAP
    for position, count in LINEUP.items():
        fits = [p for p in ranking.order(players(week_id, position, 10, request.user)) if (p["salary"] or 0) <= left]
        for player in fits[:count]:
            left -= player["salary"] or 0
            chosen.append({"name": player["name"], "position": position, "salary": player["salary"]})
    return {"week_id": week_id, "players": chosen, "salary": SALARY_CAP - left, "valid": left >= 0 and len(chosen) == 9}
