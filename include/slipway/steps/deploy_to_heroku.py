"""Deploy to Heroku by git, and wait until the commit's release is the current one."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run
from slipway.steps.faults.branches import PushRefused
from slipway.steps.faults.heroku import (
    BuildFailed,
    DeployedBySomebodyElse,
    HerokuReleaseFailed,
    HerokuReleaseMissing,
    HotfixInTheWay,
    NothingDeployedBefore,
)
from slipway.steps.git_clone import Clone, cloned, commit_to_release
from slipway.steps.git_remote import Remote
from slipway.steps.heroku_api import (
    LAST_RELEASES,
    HerokuRelease,
    ask,
    builds_going,
    current,
    git_of,
    look_at_app,
    releases,
)
from slipway.still_going import StillGoing

_EVERY = timedelta(seconds=5)
_MAIN = "main"  # what Heroku builds


@dataclass(frozen=True, kw_only=True)
class DeployToHeroku(ReleasingStep):
    """Push a branch of the source repository to an app, and wait until Heroku runs that commit.

    In production exactly the commit goes out that staging tried. A commit that Heroku has built before
    (e.g. deployed, and rolled back since) is released from that build, since git would say "up to date".

    :param app: the app's name on Heroku
    :param branch: a branch of the source repository
    :param appears_within: how long after the push a release may take to show up
    """

    app: str
    branch: str
    appears_within: timedelta = timedelta(minutes=5)

    kind: ClassVar[str] = "deploy_to_heroku"
    takes: ClassVar[str] = "commit"
    needs: ClassVar[tuple[str, ...]] = ("heroku", "repository", "workspace")

    def undo_in_words(self) -> str:
        """Name the app."""
        return f"rolls {self.app} back to its release before, as `heroku releases:rollback` does"

    def look(self, run: Run) -> str:
        """Look at the app."""
        return look_at_app(run, self.app)

    def do(self, run: Run) -> Evidence:
        """Push or release again, and see it run. Raises StillGoing meanwhile.

        Raises BuildFailed, HerokuReleaseFailed, HerokuReleaseMissing, HotfixInTheWay, TestedCommitGone,
        DeployedBySomebodyElse, NothingTried, BranchMissing, BranchMoved, PushRefused and PushUnanswered.
        """
        before = run.remember("before", lambda: self._look(run))
        release = self._progress(run, before)
        if release is None:
            self._bring(run, before)
            release = self._progress(run, before)
        if release is None:
            self._wait(run, before)
        assert release is not None
        commit = str(before["wanted"])
        run.log.info("%s runs %s", self.app, release.label)
        was = f"v{before['version']}" if before["version"] else "nothing"
        return Evidence(
            before=before,
            after={"release": release.id, "version": release.version, "slug": release.slug},
            proof={"commit": commit, "version": release.version},
            changed=release.id != before["release"],
            summary=f"{self.app}: {was} -> {release.label}",
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Roll back to the release before and see it run. Raises StillGoing meanwhile.

        Raises NothingDeployedBefore, DeployedBySomebodyElse and HerokuReleaseFailed.
        """
        before = evidence.before
        if not before:
            return Evidence(changed=False, summary="nothing was deployed")
        found = self._settled(run)
        now = current(found)
        if now is None or now.slug == before["slug"]:
            summary = f"{self.app} runs {now.label if now else 'nothing'}"
            run.log.info("Nothing to roll back: %s", summary)
            began = run.recall("rolls_back") is not None
            return Evidence(before={}, after=dict(before), changed=began, summary=summary)
        if not before["slug"]:
            raise NothingDeployedBefore(self.app)
        if now.commit != before["wanted"]:
            raise DeployedBySomebodyElse(self.app, now.version, now.commit)
        run.remember("rolls_back", lambda: now.version)
        run.log.info("Rolling %s back from %s to v%s", self.app, now.label, before["version"])
        ask(run, "POST", f"/apps/{self.app}/releases", json={"release": before["release"]})
        found = self._settled(run)
        back = current(found)
        if back is None or back.slug != before["slug"]:
            raise HerokuReleaseFailed(self.app, found[0].version, found[0].commit)
        run.log.info("%s runs %s, the code of v%s", self.app, back.label, before["version"])
        summary = f"{self.app}: {now.label} -> {back.label}"
        return Evidence(before={"version": now.version}, after={"version": back.version}, summary=summary)

    def _look(self, run: Run) -> dict[str, Json]:
        """Return what runs, what is to run, and where the app's git repository is."""
        now = current(releases(run, self.app))
        with cloned(run) as clone:
            source = Remote.of(run, "repository")
            commit = commit_to_release(run, clone, source, self.branch, self)
            if now and now.commit and not clone.holds(commit, now.commit):
                raise HotfixInTheWay(self.app, now.commit, self.branch)
        return {
            "release": now.id if now else "",
            "version": now.version if now else 0,
            "slug": now.slug if now else "",
            "commit": now.commit if now else "",
            "head": git_of(run, self.app).heads().get(_MAIN, ""),
            "wanted": commit,
        }

    def _progress(self, run: Run, before: Mapping[str, Json]) -> HerokuRelease | None:
        """Return the release that runs the commit, or None if nothing was begun that leads to it."""
        commit = str(before["wanted"])
        if commit in builds_going(run, self.app):
            raise StillGoing(f"Heroku builds {commit[:12]} for {self.app}", every=_EVERY)
        found = releases(run, self.app)
        now = current(found)
        if now and now.commit == commit:
            return now
        ours = [each for each in found if each.version > before["version"] and each.commit == commit]
        if not ours:
            return None
        if ours[0].status == "pending":
            raise StillGoing(f"Heroku releases {ours[0].label} of {self.app}", every=_EVERY)
        if ours[0].status == "succeeded" and now:
            raise DeployedBySomebodyElse(self.app, now.version, now.commit)
        said = f"failed.v{ours[0].version}"
        if run.recall(said) is None:
            run.remember(said, lambda: ours[0].status)
            raise HerokuReleaseFailed(self.app, ours[0].version, commit)
        return None  # a person, or Airflow, tries again

    def _bring(self, run: Run, before: Mapping[str, Json]) -> None:
        """Push the commit, or release the build that Heroku has of it."""
        commit, remote = str(before["wanted"]), git_of(run, self.app)
        head = remote.heads().get(_MAIN, "")
        if head != commit:
            self._push(run, remote, head, commit)
            return
        built = next((each for each in releases(run, self.app) if each.commit == commit), None)
        if built:
            run.log.info("%s was built before, for %s: releasing that build again", commit[:12], built.label)
            ask(run, "POST", f"/apps/{self.app}/releases", json={"slug": built.slug})
        elif before["head"] == commit:
            raise HerokuReleaseMissing(self.app, commit, LAST_RELEASES)

    def _push(self, run: Run, remote: Remote, head: str, commit: str) -> None:
        with cloned(run) as clone:
            clone.fetch(Remote.of(run, "repository"), self.branch)
            self._say_what_is_replaced(run, clone, head, commit)
            run.log.info("Pushing %s (%s) to %s; Heroku's output:", self.branch, commit[:12], remote.url)
            try:
                clone.push(
                    remote,
                    commit,
                    f"refs/heads/{_MAIN}",
                    expected=head,
                    timeout=self.timeout,
                    log=run.log,
                )
            except PushRefused as fault:
                if any("rejected" in line for line in fault.why):
                    raise BuildFailed(self.app, commit, fault.why) from fault
                raise

    def _say_what_is_replaced(self, run: Run, clone: Clone, head: str, commit: str) -> None:
        if head and not clone.holds(commit, head):
            run.log.info(
                "%s of the app's repository is at %s, which does not run and which %s does not hold (left by "
                "a rollback): it is replaced",
                _MAIN,
                head[:12],
                self.branch,
            )

    def _wait(self, run: Run, before: Mapping[str, Json]) -> None:
        commit = str(before["wanted"])
        began = float(run.remember("pushed_at", time.time))
        if time.time() - began > self.appears_within.total_seconds():
            raise HerokuReleaseMissing(self.app, commit, LAST_RELEASES)
        raise StillGoing(f"Heroku makes a release of {commit[:12]} for {self.app}", every=_EVERY)

    def _settled(self, run: Run) -> list[HerokuRelease]:
        """Return the releases, once none is under way: one could become current after we looked."""
        if going := builds_going(run, self.app):
            raise StillGoing(f"Heroku builds {going[0][:12]} for {self.app}", every=_EVERY)
        found = releases(run, self.app)
        if found and found[0].status == "pending":
            raise StillGoing(f"Heroku releases {found[0].label} of {self.app}", every=_EVERY)
        return found
