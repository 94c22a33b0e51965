"""Whether a CronJob of a Kubernetes cluster will run when it should."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.checks.kubernetes_object import compared
from slipway.kinds import Check
from slipway.run import Finding, Run
from slipway.steps.kubernetes_api import Reference, cluster


@dataclass(frozen=True, kw_only=True)
class CronJobSchedule(Check):
    """Read a CronJob and compare its schedule; one that is suspended fails.

    :param cron_job: its name
    :param schedule: five fields, e.g. "0 6 * * *"
    :param time_zone: e.g. "Asia/Seoul"; not compared if left out, and without one the cluster's own holds
    """

    cron_job: str
    namespace: str
    schedule: str
    time_zone: str = ""

    kind: ClassVar[str] = "cron_job_schedule"
    needs: ClassVar[tuple[str, ...]] = ("cluster",)

    def probe(self, run: Run) -> Finding:
        """Read and compare. Raises the faults of a vendor."""
        reference = Reference(
            api_version="batch/v1", kind="CronJob", name=self.cron_job, namespace=self.namespace
        )
        zone = {"spec.timeZone": self.time_zone} if self.time_zone else {}
        with cluster(run) as opened:
            found = opened.get(reference)
        return compared(reference, found, {"spec.schedule": self.schedule, "spec.suspend": False, **zone})
