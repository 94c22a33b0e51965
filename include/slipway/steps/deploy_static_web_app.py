"""Deploy a package to an Azure static web app."""

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run
from slipway.steps.azure_api import close, follow
from slipway.steps.faults.azure import PackageBeforeMissing, PackageLacks, SiteNotServing, SiteTakenOver
from slipway.steps.packages import Package, kept
from slipway.steps.reach import folder
from slipway.steps.static_site import StaticSite
from slipway.still_going import StillGoing

_AT_WORK = frozenset({"WaitingForDeployment", "Uploading", "Deploying", "Deleting"})
_LOOK_EVERY = 0.5  # seconds between two looks at the served file


@dataclass(frozen=True, kw_only=True)
class DeployStaticWebApp(ReleasingStep):
    """Let Azure fetch a package and deploy it, and prove that the site serves it.

    Azure tells no checksum of what it serves, so versions are told apart by one file: it must be served
    with the very bytes that it has in the package.

    :param site: the static web app
    :param package: name in the `artifacts` folder; "{version}" in it is the release's version
    :param environment: "production", or the name of a preview environment
    :param marker: a file of the package that differs between versions
    :param confirm_within: how long the site may take to serve it when Azure says that it is deployed
    :param look_every: the longest time between two looks at a running deployment
    """

    resource_group: str
    site: str
    package: str
    environment: str = "production"
    marker: str = "index.html"
    confirm_within: timedelta = timedelta(seconds=60)
    look_every: timedelta = timedelta(seconds=10)

    kind: ClassVar[str] = "deploy_static_web_app"
    takes: ClassVar[str] = "package_sha256"
    needs: ClassVar[tuple[str, ...]] = ("azure", "artifacts")

    def undo_in_words(self) -> str:
        """Say what the site serves afterwards."""
        return f"deploys the package that {self.site} served before"

    def look(self, run: Run) -> str:
        """Look at the site."""
        site = self._site(run)
        build = site.build()
        return f"{site} is {build['status']}" if build else f"{site} serves nothing yet"

    def do(self, run: Run) -> Evidence:
        """Deploy and verify.

        Raises PackageMissing, NothingTried, NotTheTriedPackage, PackageLacks, PackageBeforeMissing,
        SiteNotServing, OperationFailed and StillGoing.
        """
        package = Package.to_release(run, self.package, self)
        site = self._site(run)
        before = run.remember("before", lambda: self._standing(run, site))
        self._bring(run, site, package, key="deployment")
        after = {"served": _digest(package, self.marker), "package": package.name, "sha256": package.sha256}
        changed = before["served"] != after["served"]
        summary = f"{site} serves {package.name} (before: {before['package'] or 'nothing'})"
        return Evidence(before=before, after=after, proof=package.proof(), changed=changed, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Deploy the package before. Raises SiteTakenOver, PackageBeforeMissing and what `do` raises."""
        before = evidence.before
        if not before.get("package"):
            why = "nothing was served before" if before else "the deployment was never begun"
            run.log.info("Nothing to undo in %s: %s", run.environment.label, why)
            return Evidence(before=before, after=before, changed=False, summary=f"{self.site}: {why}")
        site = self._site(run)
        self._refuse_strangers(site, evidence)
        package = kept(run, str(before["package"]), str(before["sha256"]))
        if package is None:
            raise PackageBeforeMissing(str(site), str(before["package"]))
        changed = self._bring(run, site, package, key="putting_back")
        return Evidence(after=before, changed=changed, summary=f"{site} serves {package.name}")

    def _site(self, run: Run) -> StaticSite:
        return StaticSite(run, self.resource_group, self.site, self.environment)

    def _bring(self, run: Run, site: StaticSite, package: Package, *, key: str) -> bool:
        """Deploy a package unless the site serves it; False if it did already."""
        build = site.build()
        if build is not None and build.get("status") in _AT_WORK:
            raise StillGoing(f"Azure deploys to {site} ({build['status']})", every=self.look_every)
        wanted = _digest(package, self.marker)
        if site.served(self.marker) == wanted:
            run.log.info("%s serves %s of %s", site, self.marker, package.name)
            return close(run, key)
        what = f"the deployment of {package.name} to {site}"
        follow(run, what, lambda: site.begin(package), every=self.look_every, key=key)
        self._confirm(run, site, package, wanted)
        return True

    def _refuse_strangers(self, site: StaticSite, evidence: Evidence) -> None:
        """Raise SiteTakenOver if somebody deployed after `do` had ended."""
        before, after = evidence.before, evidence.after
        if after and site.served(self.marker) not in {"", before["served"], after["served"]}:
            raise SiteTakenOver(str(site), self.marker, str(after["package"]), str(before["package"]))

    def _confirm(self, run: Run, site: StaticSite, package: Package, wanted: str) -> None:
        patience = self.confirm_within.total_seconds()
        began = time.monotonic()
        while site.served(self.marker) != wanted:
            if time.monotonic() - began > patience:
                address = site.address(site.build() or {"hostname": "no host"}, self.marker)
                raise SiteNotServing(str(site), address, package.name, patience)
            time.sleep(_LOOK_EVERY)
        run.log.info("%s serves %s of %s", site, self.marker, package.name)

    def _standing(self, run: Run, site: StaticSite) -> dict[str, Json]:
        """Return what is served, and the package that it is from. Raises PackageBeforeMissing."""
        served = site.served(self.marker)
        if not served:
            return {"served": "", "package": "", "sha256": ""}
        pattern = self.package.replace("{version}", "*")
        for path in sorted(folder(run, "artifacts").glob(pattern)):
            try:
                found = Package.at(path)
                if _digest(found, self.marker) == served:
                    return {"served": served, "package": found.name, "sha256": found.sha256}
            except PackageLacks as fault:
                run.log.info("Passed over: %s", fault)
        raise PackageBeforeMissing(str(site), pattern)


def _digest(package: Package, marker: str) -> str:
    return hashlib.sha256(package.member(marker)).hexdigest()
