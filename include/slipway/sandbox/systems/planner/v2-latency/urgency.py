"""How urgent tasks sound."""

from batch import BATCH


def of(titles):
    return [BATCH.score_one(title) for title in titles]
