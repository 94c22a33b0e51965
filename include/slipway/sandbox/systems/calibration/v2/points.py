"""Points of a player for his salary."""


def per_thousand(player):
    """Points per 1000 of salary, from floor, median and ceiling; 0 for who has no projection."""
    known = [float(player[name]) for name in ("floor", "median", "ceiling") if player[name] is not None]
    if not known or not player["salary"]:
        return 0.0
    return round(sum(known) / len(known) * 1000 / player["salary"], 3)
