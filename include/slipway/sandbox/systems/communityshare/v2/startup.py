"""What has to be there before the first request."""

import os

import flags

REQUIRED = ("DATABASE_URL", "API_TOKEN", "LAUNCHDARKLY_URI", "LAUNCHDARKLY_SDK_KEY")


def prepare():
    for name in REQUIRED:
        os.environ[name]
    flags.connect()
