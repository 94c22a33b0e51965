"""Bringing an object of a cluster to a state, or back to one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta

from slipway.run import Json, Run
from slipway.steps.faults.kubernetes import ChangedSince, NotAsBefore
from slipway.steps.kubernetes_api import Cluster, Reference
from slipway.steps.manifests import differences, essence, refuse_secrets
from slipway.still_going import StillGoing


def capture(cluster: Cluster, references: Sequence[Reference]) -> dict[str, Json]:
    """Return what the cluster holds of these objects, for `put_back`.

    Raises ObjectTooLarge and SecretInEnvironment.
    """
    found = [(each, essence(each, cluster.get(each))) for each in references]
    for reference, was in found:
        refuse_secrets(f"{reference} as the cluster has it", was)
    return {"objects": [{"reference": asdict(reference), "object": was} for reference, was in found]}


def captured(before: Mapping[str, Json]) -> list[tuple[Reference, Json]]:
    """Return what `capture` wrote, last one first."""
    rows = reversed(before.get("objects", []))
    return [(Reference(**row["reference"]), row["object"]) for row in rows]


def refuse_strangers(
    run: Run, cluster: Cluster, before: Mapping[str, Json], after: Mapping[str, Json]
) -> None:
    """Raise ChangedSince if an object is neither as the step left it nor as it was before the step.

    Only the fields that the step applied are compared: what an autoscaler or the server sets is no
    difference. An object that is gone or going, or that an undo has begun to write, is let through.
    """
    left = dict(captured(after))
    for reference, was in captured(before) if left else ():
        now = cluster.get(reference)
        if now is None or now["metadata"].get("deletionTimestamp") or run.recall(_writing(reference)):
            continue
        ours = left.get(reference)
        wrong = ["it is there again"] if ours is None else list(differences(ours, now))
        if wrong and essence(reference, now) != was:
            raise ChangedSince(str(reference), wrong)


def _writing(reference: Reference) -> str:
    return f"putting back {reference}"


def put_back(run: Run, cluster: Cluster, reference: Reference, was: Json, every: timedelta) -> bool:
    """Bring an object back to what `capture` found; False if it is that already."""
    if was is None:
        return remove(run, cluster, reference, every)
    now = cluster.get(reference)
    if now is None:
        run.remember(_writing(reference), lambda: True)
        run.log.info("Creating %s again", reference)
        cluster.create(reference, was)
    elif now["metadata"].get("deletionTimestamp"):
        raise StillGoing(f"{reference} is being deleted, and is created again when it has gone", every=every)
    elif essence(reference, now) == was:
        run.log.info("%s is as it was before the release", reference)
        return False
    else:
        run.remember(_writing(reference), lambda: True)
        run.log.info("Putting %s back to what it was before the release", reference)
        version = now["metadata"]["resourceVersion"]  # a change in between is a 409
        cluster.replace(reference, {**was, "metadata": {**was["metadata"], "resourceVersion": version}})
    back = essence(reference, cluster.get(reference))
    if back != was:
        wrong = [*differences(was, back), *(f"added: {each}" for each in differences(back, was))]
        raise NotAsBefore(str(reference), wrong)
    run.log.info("%s reads back as it was", reference)
    return True


def remove(run: Run, cluster: Cluster, reference: Reference, every: timedelta) -> bool:
    """Delete an object and what it made, and see that they are gone; False if there was nothing.

    Raises StillGoing while something of it is left.
    """
    now = cluster.get(reference)
    begun = run.recall(f"deleting {reference}") is not None
    if now is not None and not now["metadata"].get("deletionTimestamp"):
        run.log.info("Deleting %s and what it has made", reference)
        run.remember(f"deleting {reference}", lambda: True)
        begun = True
        cluster.delete(reference)
    left = cluster.jobs_of(reference) if cluster.get(reference) is None else []
    for job in left:
        run.log.info("Deleting %s, which %s had made", job, reference)
        cluster.delete(job)
    if cluster.get(reference) is not None or cluster.jobs_of(reference):
        raise StillGoing(f"{reference} and its jobs are being deleted", every=every)
    run.log.info("%s and its jobs are gone" if begun or left else "%s is not there", reference)
    return begun or bool(left)
