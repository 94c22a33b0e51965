"""How fit a resource is, from what its owner wrote."""

FIT = {"new": 3, "good": 2, "worn": 1, "broken": 0}


def fit(text):
    """3 is new, 0 is broken."""
    return FIT[(text or "good").strip().lower()]
