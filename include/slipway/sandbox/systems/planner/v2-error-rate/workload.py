"""How many minutes a user's tasks take."""


def minutes(estimate):
    """Minutes of an estimate."""
    return int(estimate or 0)
