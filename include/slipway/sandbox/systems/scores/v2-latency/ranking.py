"""In which order clients are shown."""

from batch import BATCH


def of(clients):
    return [BATCH.score_one(client) for client in clients]
