"""Emptying the caches of a CloudFront distribution, once, and waiting until it is done."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.run import Json, Run
from slipway.steps.aws_api import CLOUDFRONT, calling, client
from slipway.still_going import StillGoing

_SKEW = timedelta(minutes=10)  # how far this worker's clock may be ahead of Amazon's


def invalidated(
    run: Run, distribution: str, paths: Sequence[str], *, every: timedelta, purpose: str = ""
) -> dict[str, Json]:
    """Invalidate paths and return the proof; raises StillGoing until it is completed.

    The caller reference is made from release and task, so that no retry makes a second one: Amazon answers
    the same reference with the first invalidation. That of a try which was killed is looked up besides.

    :param purpose: tells two invalidations of one task apart
    """
    reference = " ".join(part for part in (run.plan_name, run.release_id, run.task_id, purpose) if part)
    with client(run, "cloudfront") as cloudfront:
        asked = Asked(run=run, client=cloudfront, distribution=distribution, reference=reference)
        found = str(run.remember(f"invalidation {reference}", lambda: asked.earlier() or asked.now(paths)))
        status = asked.status(found)
    if status.lower() != "completed":
        raise StillGoing(f"CloudFront {distribution} empties its caches (invalidation {found})", every=every)
    run.log.info("CloudFront %s has emptied %s (invalidation %s)", distribution, " ".join(paths), found)
    return {"distribution": distribution, "invalidation": found, "paths": list(paths)}


def look_at(run: Run, distribution: str) -> str:
    """Say how a distribution stands. Raises the faults of AWS."""
    asking = calling(CLOUDFRONT, f"GetDistribution {distribution}", run.environment.aws)
    with client(run, "cloudfront") as cloudfront, asking:
        found = cloudfront.get_distribution(Id=distribution)["Distribution"]
    return f"distribution {distribution} is {found['Status']}"


class Asked:
    """An invalidation that this task asks for, or has asked for."""

    def __init__(self, *, run: Run, client: Any, distribution: str, reference: str) -> None:
        self.run, self.client, self.distribution, self.reference = run, client, distribution, reference
        self.conn_id = run.environment.aws

    def earlier(self) -> str:
        """Return the id of the one that an earlier try asked for, "" on the first try or if there is none."""
        key = f"asked for {self.reference}"
        first = self.run.recall(key) is None
        since = datetime.fromisoformat(str(self.run.remember(key, lambda: datetime.now(UTC).isoformat())))
        if first:
            return ""
        with calling(CLOUDFRONT, f"ListInvalidations {self.distribution}", self.conn_id):
            pages = self.client.get_paginator("list_invalidations").paginate(DistributionId=self.distribution)
            rows = [row for page in pages for row in page["InvalidationList"].get("Items", ())]
        recent = [row["Id"] for row in rows if row["CreateTime"] > since - _SKEW]
        return next((found for found in recent if self._get(found)["reference"] == self.reference), "")

    def now(self, paths: Sequence[str]) -> str:
        """Ask for it and return its id."""
        self.run.log.info("Asking CloudFront %s to empty %s", self.distribution, " ".join(paths))
        batch = {
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": self.reference,
        }
        with calling(CLOUDFRONT, f"CreateInvalidation {self.distribution}", self.conn_id):
            made = self.client.create_invalidation(DistributionId=self.distribution, InvalidationBatch=batch)
        return str(made["Invalidation"]["Id"])

    def status(self, found: str) -> str:
        """Return how far it is, e.g. "InProgress"."""
        return self._get(found)["status"]

    def _get(self, found: str) -> dict[str, str]:
        with calling(CLOUDFRONT, f"GetInvalidation {self.distribution} {found}", self.conn_id):
            answer = self.client.get_invalidation(DistributionId=self.distribution, Id=found)
        one = answer["Invalidation"]
        return {
            "status": str(one["Status"]),
            "reference": str(one["InvalidationBatch"]["CallerReference"]),
        }
