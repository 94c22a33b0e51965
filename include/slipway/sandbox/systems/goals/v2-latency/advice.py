"""How much a skill asks for attention, from its name."""

from batch import BATCH


def of(names):
    return [BATCH.score_one(name) for name in names]
