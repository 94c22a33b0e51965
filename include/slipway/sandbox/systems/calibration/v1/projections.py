"""Which projections of a player count, and what an import stores."""

COLUMNS = "floor, median, ceiling"
NEEDS = {}
NEW_FEATURES = ()


def columns(user):
    return COLUMNS


def stored(week_id, player):
    """Further columns of an imported player."""
    return {}
