"""What has to be there before the first request."""

import os

REQUIRED = ("DATABASE_URL", "API_TOKEN", "SCORE_NORMS")


def prepare():
    for name in REQUIRED:
        os.environ[name]
