"""Faults of Azure: packages, slots, static sites, and values of an App Configuration store."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible


class ConnectionIncomplete(StepImpossible):
    """A connection lacks what is needed to sign in."""

    def __init__(self, conn_id: str, missing: Sequence[str]) -> None:
        self.conn_id, self.missing = conn_id, tuple(missing)
        super().__init__(
            f'The connection "{conn_id}" lacks {", ".join(missing)}. Add it as docs/connections.md says.'
        )


class PackageMissing(StepImpossible):
    """The build left no such package."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: no such package. Let the build put it into the folder of the `artifacts` connection, "
            "or correct the plan's name for it."
        )


class PackageLacks(StepImpossible):
    """The package does not hold a file that the step needs, or is no zip file."""

    def __init__(self, package: str, member: str) -> None:
        self.package, self.member = package, member
        super().__init__(f"{package}: it is no zip file with {member} in it. Build it anew.")


class PackageBeforeMissing(StepImpossible):
    """What is served now is not among the packages, so that nothing could put it back."""

    def __init__(self, site: str, pattern: str) -> None:
        self.site, self.pattern = site, pattern
        super().__init__(
            f"{site}: what it serves now is in none of the packages {pattern}, so an undo could not put it "
            "back. Nothing was changed. Put the package of the version before into the `artifacts` folder."
        )


class DeploymentFailed(StepFailed):
    """Kudu took the package and could not deploy it."""

    def __init__(self, slot: str, deployment: str, why: str) -> None:
        self.slot, self.deployment, self.why = slot, deployment, why
        super().__init__(
            f"{slot}: deployment {deployment} failed: {why or 'Kudu gives no reason'}. Read its log "
            f"(api/deployments/{deployment}/log on the slot's scm site); another try sends the package anew."
        )


class DeploymentUnrecognised(StepImpossible):
    """After the package was sent, the newest deployment is good and does not say what it is."""

    def __init__(self, slot: str, deployment: str, package: str) -> None:
        self.slot, self.deployment, self.package = slot, deployment, package
        super().__init__(
            f"{slot}: {package} was sent, and the newest deployment {deployment} is good but its message "
            "does not say which package it is; it is not sent again by itself. See in Kudu "
            "(api/deployments) what it holds: somebody else may have deployed, or Kudu may have "
            "dropped the message. Clearing this task sends the package once more."
        )


class SlotTakenOver(StepImpossible):
    """A slot holds what neither this step nor the one before it put there."""

    def __init__(self, slot: str, found: str) -> None:
        self.slot, self.found = slot, found
        super().__init__(
            f"{slot}: somebody deployed {found} since. It is left as it is: decide by hand which package "
            "belongs there."
        )


class SiteTakenOver(StepImpossible):
    """A static site serves what neither this release nor the one before put there."""

    def __init__(self, site: str, marker: str, ours: str, before: str) -> None:
        self.site, self.marker, self.ours, self.before = site, marker, ours, before
        super().__init__(
            f"{site}: it serves a {marker} that is neither {ours}'s nor {before}'s: somebody deployed since. "
            "It was left as it is. Ask who did; if it is to go, deploy the package before by hand; mark this "
            "task success either way."
        )


class SlotEmpty(StepImpossible):
    """A slot that is to take the traffic holds no deployment."""

    def __init__(self, slot: str) -> None:
        self.slot = slot
        super().__init__(f"{slot}: nothing is deployed to it, so it is not swapped. Deploy to it first.")


class SlotsMixed(StepImpossible):
    """Two slots hold neither what they held before the swap nor that exchanged."""

    def __init__(self, app: str, found: str, expected: str) -> None:
        self.app, self.found, self.expected = app, found, expected
        super().__init__(
            f"{app}: {found}, and before the swap {expected}. Somebody deployed or swapped since; "
            "bring the slots to one of the two states by hand and clear this task."
        )


class SwapNotDone(StepFailed):
    """Azure says that the swap is done, and the slots hold what they held before."""

    def __init__(self, app: str, found: str) -> None:
        self.app, self.found = app, found
        super().__init__(
            f"{app}: Azure ended the swap, and still {found}. See the activity log of the app; "
            "another try swaps again."
        )


class OperationFailed(StepFailed):
    """A long operation of Azure ended badly."""

    def __init__(self, what: str, status: str, why: str) -> None:
        self.what, self.status, self.why = what, status, why
        super().__init__(
            f"Azure: {what}: {status}{f' ({why})' if why else ''}. See the activity log of the resource; "
            "another try begins it anew."
        )


class SiteNotServing(StepFailed):
    """A static site does not serve what was deployed to it."""

    def __init__(self, site: str, address: str, package: str, patience: float) -> None:
        self.site, self.address, self.package = site, address, package
        super().__init__(
            f"{site}: {address} does not serve the file of {package} after {patience:g} s. See the "
            "environment's status in the portal, and what caches stand before it; try again."
        )


class ChangedMeanwhile(StepFailed):
    """Somebody else set a value between our look at it and our change."""

    def __init__(self, key: str, found: str) -> None:
        self.key, self.found = key, found
        super().__init__(
            f'App Configuration: "{key}" was changed by somebody else at this very moment and is {found} '
            "now. Agree with them on its value; another try looks anew."
        )


class MigrationNotReached(StepFailed):
    """The script ran and the last migration is not the one that was wanted."""

    def __init__(self, label: str, wanted: str, found: str) -> None:
        self.label, self.wanted, self.found = label, wanted, found
        super().__init__(
            f"{label}: the last migration would be {found or 'none'} and not {wanted or 'none'}. Nothing was "
            "kept. Generate the script for that very migration, or correct the plan."
        )


class EfUpdateFailed(StepFailed):
    """`dotnet ef database update` could not do it; says where the schema stands now."""

    def __init__(self, label: str, target: str, standing: str, why: str) -> None:
        self.label, self.target, self.standing, self.why = label, target, standing, why
        super().__init__(
            f"{label}: `dotnet ef database update {target}` failed: {why}. The last migration applied is "
            f"{standing or 'none'}. Undo goes back from there; or mend the migration and clear this task."
        )
