"""What this service counts, in Prometheus's format."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

BUCKETS = (
    *(0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075),
    *(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0),
)
REQUESTS = Counter("http_requests", "Requests answered", ["method", "route", "status", "cohort"])
DURATION = Histogram(
    "http_request_duration_seconds", "From request to answer", ["route", "cohort"], buckets=BUCKETS
)
FEATURE_USES = Counter("feature_uses", "Uses of a feature", ["feature"])
FEATURE_FAILURES = Counter("feature_failures", "Uses of a feature that failed", ["feature"])
ENTRIES = Gauge("feature_entries", "Rows a feature keeps", ["feature"])


def page():
    return generate_latest(REGISTRY)
