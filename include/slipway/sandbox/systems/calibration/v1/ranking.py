"""How the smart score of a player comes about."""


def value(player):
    """Points per 1000 of salary, from the player's floor, median and ceiling; 0 for who has no projection."""
    points = [float(player[name]) for name in ("floor", "median", "ceiling") if player[name] is not None]
    if not points or not player["salary"]:
        return 0.0
    return round(sum(points) / len(points) * 1000 / player["salary"], 3)


def order(players):
    return sorted(players, key=value, reverse=True)


def news(names):
    """How much the news speaks of each player."""
    return [0] * len(names)
