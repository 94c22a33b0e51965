"""Semantic memory: the words a user's tasks are made of, bounded per user."""

import re

import flags
import metrics
from database import row, rows
from users import required
from web import Refused

WORDS_PER_USER = 50


def words(title):
    return sorted({word for word in re.findall(r"\w{4,30}", title.lower())})[:10]


def learn(user, title):
    if not flags.enabled("semantic_memory", user):
        return
    metrics.FEATURE_USES.labels("semantic_memory").inc()
    for word in words(title):
        row(
            "INSERT INTO semantic_memory (user_id, word) VALUES (%s, %s)"
            " ON CONFLICT (user_id, word) DO UPDATE SET weight = semantic_memory.weight + 1",
            [user, word],
        )
    row(
        "DELETE FROM semantic_memory WHERE id IN (SELECT id FROM semantic_memory WHERE user_id = %s"
        " ORDER BY weight DESC, id OFFSET %s)",
        [user, WORDS_PER_USER],
    )
    metrics.ENTRIES.labels("semantic_memory").set(row("SELECT count(*) AS n FROM semantic_memory")["n"])


def recall(app, request):
    user = required(request)
    if not flags.enabled("semantic_memory", user):
        raise Refused(404, "semantic memory is not enabled for this user")
    metrics.FEATURE_USES.labels("semantic_memory").inc()
    known = rows("SELECT word, weight FROM semantic_memory WHERE user_id = %s ORDER BY weight DESC, id", [user])
    return {"words": known}
