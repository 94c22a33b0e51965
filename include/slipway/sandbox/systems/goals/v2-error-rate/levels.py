"""Levels as people write them."""


def number(level):
    """The level as a number, 0 to 5."""
    return int((level or "L0").removeprefix("L"))
