"""The stand-ins of CommunityShare's vendors, in the process that serves them."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway.sandbox.layout import Environment, Place, port, token
from slipway.sandbox.platforms import machine
from slipway.sandbox.platforms.agent import NAMESPACE, Agent
from slipway.sandbox.platforms.nights import Nights
from slipway.sandbox.postgres import Postgres
from slipway.sandbox.seed_communityshare import BETA, INTERNAL

if TYPE_CHECKING:
    from slipway.sandbox.vendors.aws import Aws
    from slipway.sandbox.vendors.kubernetes import Kubernetes
    from slipway.sandbox.vendors.launchdarkly import LaunchDarkly
    from slipway.sandbox.vendors.stand_in import StandIn

API_TOKEN = "api-sandbox"  # of LaunchDarkly's REST API
BUCKETS = {
    Environment.PRODUCTION: "communityshare-frontend",
    Environment.STAGING: "communityshare-frontend-staging",
}
BACKUPS = ("communityshare-backups", "communityshare-backups-staging")
DISTRIBUTIONS = {Environment.PRODUCTION: "E2QWRTY123456", Environment.STAGING: "E1STAGING12345"}
FLAG = ("default", "maintenance_scheduling_enabled")
SEGMENTS = {
    "internal-team-members": [f"user-{user}" for user in INTERNAL],
    "beta-testers": [f"user-{user}" for user in BETA],
}
_RULES = ("on", "targets", "contextTargets", "rules", "fallthrough", "offVariation")


def sdk_key(place: Place) -> str:
    """The key with which the service of an environment reads its flags."""
    return f"sdk-{place.environment}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """The AWS account: its address, its stand-in's state, and a client for the practice range itself."""

    address: str
    state: Aws

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        import boto3  # type: ignore[import-untyped]

        from slipway.sandbox.vendors.aws import ACCESS_KEY

        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key="sandbox-secret",
        )

    def purges(self, distribution: str) -> list[list[str]]:
        """Return the paths of each invalidation that is completed."""
        self.state.advance()
        found = self.state.invalidations(distribution)
        return [list(each.paths) for each in found if each.status.lower() == "completed"]


@contextmanager
def account(number: int) -> Iterator[Account]:
    """Serve AWS with the buckets and distributions of both environments."""
    from slipway.sandbox.vendors.aws import Aws, aws, serving_aws

    state = Aws()
    sites = {DISTRIBUTIONS[each]: BUCKETS[each] for each in Environment}
    made = aws(state, buckets=(*BUCKETS.values(), *BACKUPS), distributions=sites)
    with serving_aws(made, number) as (_, address):
        yield Account(address=address, state=state)


def serve(postgres: Postgres, place: Place, account: Account, open_: ExitStack) -> None:
    """Serve what belongs to one environment."""
    from slipway.sandbox.vendors.kubernetes import Kubernetes

    vendors = Vendors(place=place, account=account, cluster=Kubernetes(), flags=_flags_of(place))
    vendors.fill_bucket()
    _serve_vendors(vendors, open_)
    ended = threading.Event()
    open_.callback(ended.set)
    nights = Nights(place=place, cluster=vendors.cluster, ended=ended)
    nights.begin()
    if place.environment is Environment.PRODUCTION:
        watch = account.client("cloudwatch")
        agent = Agent(
            place=place,
            postgres=postgres,
            put=lambda data: watch.put_metric_data(Namespace=NAMESPACE, MetricData=data),
            job_took=lambda: nights.took,
            ended=ended,
        )
        agent.begin()


def _flags_of(place: Place) -> LaunchDarkly:
    from slipway.sandbox.vendors.launchdarkly import LaunchDarkly

    return LaunchDarkly(
        token=API_TOKEN,
        environments={"default": [str(place.environment)]},
        sdk_keys={sdk_key(place): str(place.environment)},
        segments={name: list(keys) for name, keys in SEGMENTS.items()},
    )


def _serve_vendors(vendors: Vendors, open_: ExitStack) -> None:
    """Serve cluster, flags, site and SSH on their ports."""
    from slipway.sandbox.vendors.cdn import cdn
    from slipway.sandbox.vendors.kubernetes import kubernetes
    from slipway.sandbox.vendors.launchdarkly import launchdarkly
    from slipway.sandbox.vendors.ssh import SshServer, serving_ssh
    from slipway.sandbox.vendors.stand_in import serving

    place, account = vendors.place, vendors.account

    def at(vendor: str) -> int:
        return port(place.root, f"{place.name}_{vendor}")

    bucket, distribution = BUCKETS[place.environment], DISTRIBUTIONS[place.environment]
    site = cdn(f"{account.address}/{bucket}", lambda: vendors.purged + account.purges(distribution))
    door = launchdarkly(vendors.flags)
    vendors.offer_control(door)
    for made, vendor in ((kubernetes(vendors.cluster), "cluster"), (door, "launchdarkly"), (site, "site")):
        open_.enter_context(serving(made, at(vendor)))
    server = SshServer(
        home=place.home,
        password=token(place.root, place.name),
        variables=machine.environment_of(place),
        port=at("ssh"),
    )
    open_.enter_context(serving_ssh(server))
    open_.enter_context(serving(server.stand_in, at("ssh_window")))


@dataclass(frozen=True, kw_only=True)
class Vendors:
    """What the vendors hold of one environment."""

    place: Place
    account: Account
    cluster: Kubernetes
    flags: LaunchDarkly
    purged: list[list[str]] = field(default_factory=list)  # of the site, by resets

    def reset(self) -> None:
        """Bring everything back to v1's."""
        self.flags.flags.clear()
        self.flags.note()
        for key in list(self.cluster.objects):
            self.cluster.forget(key)
        self.fill_bucket()
        self.purged.append(["/*"])

    def fill_bucket(self) -> None:
        """Let the bucket hold v1's site alone, for everybody to read, with no version before it."""
        s3, bucket = self.account.client("s3"), BUCKETS[self.place.environment]
        found = s3.list_object_versions(Bucket=bucket)
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_readable(bucket)))
        build = self.place.home / "releases" / "v1" / "frontend" / "build"
        for path in sorted(path for path in build.rglob("*") if path.is_file()):
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            key = path.relative_to(build).as_posix()
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ContentType=kind)

    def fingerprint(self) -> dict[str, Any]:
        """Return the site's files by checksum, the flag's rules, and the CronJobs with their schedules."""
        s3, bucket = self.account.client("s3"), BUCKETS[self.place.environment]
        rows = s3.list_objects_v2(Bucket=bucket).get("Contents", ())
        flag = self.flags.flags.get(FLAG)
        return {
            "site": {row["Key"]: row["ETag"] for row in rows},
            "flag": flag and _rules(flag["environments"][str(self.place.environment)]),
            "cron_jobs": {
                key[3]: each["spec"]["schedule"]
                for key, each in self.cluster.objects.items()
                if key[1] == "cronjobs"
            },
        }

    def offer_control(self, door: StandIn) -> None:
        """Add what the launcher asks to a stand-in, beside the vendor's own paths."""
        from slipway.sandbox.vendors.stand_in import CONTROL

        @door.app.post(f"{CONTROL}/place/reset")
        def reset() -> Any:
            self.reset()
            return {"reset": self.place.name}

        @door.app.get(f"{CONTROL}/place")
        def look() -> Any:
            return self.fingerprint()


def _rules(there: dict[str, Any]) -> dict[str, Any]:
    """Return whom a flag serves what, without the ids that LaunchDarkly gives."""
    kept = {name: there[name] for name in _RULES if there.get(name)}
    segments = [clause["values"] for rule in there.get("rules", ()) for clause in rule["clauses"]]
    return {**kept, "rules": segments}


def _readable(bucket: str) -> dict[str, Any]:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    return {
        "Version": "2012-10-17",
        "Statement": [{**everything, "Resource": f"arn:aws:s3:::{bucket}/*"}],
    }
