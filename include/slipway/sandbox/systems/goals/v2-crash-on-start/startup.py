"""What has to be there before the first request."""

import os

REQUIRED = ("DATABASE_URL", "API_TOKEN", "APP_CONFIGURATION", "GOAL_REMINDERS")


def prepare():
    for name in REQUIRED:
        os.environ[name]
