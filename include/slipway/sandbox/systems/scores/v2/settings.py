"""Settings of this release."""

FEATURE_FLAGS = {
    "MANUAL_SCORE_OVERRIDE": {
        # enabled and rollout_percentage are rows of feature_flags, so that they change without a deployment
        "allowed_users": [1_000_000, 1_000_001],  # for testing, whatever the percentage is
    }
}
