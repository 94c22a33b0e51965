"""Levels as people write them."""

import re

_WORDS = {"beginner": 1, "advanced": 3, "expert": 5}


def number(level):
    """The level as a number, 0 to 5; 0 when it is none."""
    text = (level or "").strip().lower()
    found = re.search(r"[0-5]", text)
    return int(found[0]) if found else next((n for word, n in _WORDS.items() if word in text), 0)
