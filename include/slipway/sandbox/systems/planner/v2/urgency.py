"""How urgent tasks sound."""

from batch import BATCH


def of(titles):
    return BATCH.score_all(titles)
