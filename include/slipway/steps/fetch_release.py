"""Fetch the release's tag from the repository into its own folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import ReleaseInTheWay
from slipway.steps.release_tree import DEPLOYS, REVISION, ReleaseTree, remove_folder
from slipway.steps.repository import Repository
from slipway.steps.tried import see_that_it_was_tried


@dataclass(frozen=True, kw_only=True)
class FetchRelease(ReleasingStep):
    """Export the tag (or full commit id) that this release deploys into releases/<version>.

    The folder appears whole or not at all. In production the commit must be the one that was fetched on
    staging: what was approved is what is deployed.
    """

    kind: ClassVar[str] = "fetch_release"
    takes: ClassVar[str] = "commit"
    needs: ClassVar[tuple[str, ...]] = ("repository", "host")

    def undo_in_words(self) -> str:
        """Say what is removed."""
        return "removes the folder of the release, if this step made it and it is not deployed"

    def do(self, run: Run) -> Evidence:
        """Fetch; a folder that already holds the commit is reused.

        Raises UnknownVersion, RepositoryUnreachable, NothingTried, NotTheApprovedCommit, ReleaseInTheWay
        and BadVersion.
        """
        tree = ReleaseTree.of(run)
        repository = Repository.of(run)
        commit = repository.resolve(run.version)
        see_that_it_was_tried(run, self, run.version, commit)
        before = run.remember("before", lambda: {"there": tree.path.exists(), DEPLOYS: run.version})
        if tree.path.exists() and tree.commit != commit:
            raise ReleaseInTheWay(tree.path, tree.commit, commit)
        if tree.commit == commit:
            run.log.info("%s already holds commit %s of %s, reusing it", tree.path, commit[:12], run.version)
            content = repository.tree_of(run.version, commit)
        else:
            content = self._export(run, tree, repository, commit)
        proof: dict[str, Json] = {"commit": commit, "tree": content}
        summary = f"{run.version} is commit {commit[:12]}"
        after = {"there": True, "commit": commit}
        return Evidence(before=before, after=after, proof=proof, changed=not before["there"], summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Remove the folder, unless it was there before or `current` points at it."""
        tree = ReleaseTree.of(run, evidence.before)
        remove_folder(_draft(tree))
        why = ""
        if evidence.before.get("there", True):
            why = "this step did not make the folder"
        elif not tree.path.exists():
            why = "the folder is not there"
        elif tree.is_deployed():
            why = f"{tree.path} stays: `current` points at it"
        if why:
            run.log.info("Nothing to undo: %s", why)
            return Evidence(before=evidence.before, changed=False, summary=why)
        remove_folder(tree.path)
        run.log.info("Removed %s", tree.path)
        return Evidence(
            before={"commit": evidence.after.get("commit", "")},
            after={"there": False},
            summary=f"removed {tree.path}",
        )

    def _export(self, run: Run, tree: ReleaseTree, repository: Repository, commit: str) -> str:
        run.log.info(
            "Fetching %s (commit %s) from %s to %s", run.version, commit[:12], repository.url, tree.path
        )
        draft = _draft(tree)
        shutil.rmtree(draft, ignore_errors=True)  # what a killed try left
        draft.mkdir(parents=True)
        content = repository.export(run.version, commit, draft)
        (draft / REVISION).write_text(f"{commit}\n")
        draft.replace(tree.path)
        return content


def _draft(tree: ReleaseTree) -> Path:
    return tree.releases / f".fetching-{tree.version}"
