"""How the smart score of a player comes about."""

import news as reports
import points


def value(player):
    """Points per 1000 of salary."""
    return points.per_thousand(player)


def order(players):
    return sorted(players, key=value, reverse=True)


def news(names):
    """How much the news speaks of each player."""
    return reports.mentions(names)
