"""How much the news speaks of players."""

from batch import BATCH


def mentions(names):
    return [BATCH.score_one(name) for name in names]
