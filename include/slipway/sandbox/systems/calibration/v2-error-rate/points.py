"""Points of a player for his salary."""


def per_thousand(player):
    """Points per 1000 of salary, from floor, median and ceiling."""
    known = [float(player[name]) for name in ("floor", "median", "ceiling")]
    return round(sum(known) / 3 * 1000 / player["salary"], 3)
