"""Faults of apps, one-off dynos and databases on Heroku."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible


class BuildFailed(StepFailed):
    """Heroku took the push and could not build it; the app runs on as before."""

    def __init__(self, app: str, commit: str, tail: Sequence[str]) -> None:
        self.app, self.commit, self.tail = app, commit, tuple(tail)
        lines = "".join(f"\n  | {line}" for line in tail)
        super().__init__(
            f"{app}: Heroku did not build commit {commit[:12]}; the app runs on as before. Its last lines:"
            f"{lines}\nMend the build on the branch, or clear this task if Heroku itself was at fault."
        )


class HotfixInTheWay(StepImpossible):
    """The app runs a commit that the branch does not hold."""

    def __init__(self, app: str, running: str, branch: str) -> None:
        self.app, self.running, self.branch = app, running, branch
        super().__init__(
            f"{app}: runs commit {running[:12]}, which {branch} does not hold; deploying would take it back. "
            f"Merge that commit into {branch}, and release it through staging."
        )


class HerokuReleaseFailed(StepFailed):
    """The release phase failed; the app runs on as before."""

    def __init__(self, app: str, version: int, commit: str) -> None:
        self.app, self.version, self.commit = app, version, commit
        super().__init__(
            f"{app}: release v{version} (commit {commit[:12]}) failed in its release phase; the app runs on "
            f"as before. See `heroku releases:output v{version} --app {app}`; a cleared task releases the "
            "same build again."
        )


class HerokuReleaseMissing(StepFailed):
    """A commit lies in the app's git repository and no release came of it."""

    def __init__(self, app: str, commit: str, looked_at: int) -> None:
        self.app, self.commit, self.looked_at = app, commit, looked_at
        super().__init__(
            f"{app}: commit {commit[:12]} was pushed, and none of the last {looked_at} releases came of it. "
            f"See `heroku builds --app {app}`. If its build was thrown away, put an empty commit on the "
            "branch and release that through staging."
        )


class NothingDeployedBefore(StepImpossible):
    """There is no release with code to roll back to."""

    def __init__(self, app: str) -> None:
        self.app = app
        super().__init__(
            f"{app}: nothing was deployed before this release, so there is nothing to roll back to. "
            f"Take the app off line by hand: `heroku maintenance:on --app {app}`."
        )


class DeployedBySomebodyElse(StepImpossible):
    """The app runs neither what this release deployed nor what it found."""

    def __init__(self, app: str, version: int, commit: str) -> None:
        self.app, self.version, self.commit = app, version, commit
        super().__init__(
            f"{app}: runs v{version} (commit {commit[:12] or 'unknown'}), which is neither this release nor "
            "the one before it: somebody else deployed since. It was left as it is. Ask who did, and roll "
            f"back by hand with `heroku releases:rollback --app {app}` if that is right."
        )


class DynoCommandFailed(StepFailed):
    """A command in a one-off dyno ended with a status other than 0."""

    def __init__(self, app: str, command: str, status: int, tail: Sequence[str]) -> None:
        self.app, self.command, self.status, self.tail = app, command, status, tuple(tail)
        lines = "".join(f"\n  | {line}" for line in tail)
        said = f"Its last lines:{lines}\n" if tail else "It printed nothing. "
        super().__init__(
            f"{app}: `{command}` ended with status {status}. {said}Mend what they name and clear this task."
        )


class DynoTimedOut(StepFailed):
    """A one-off dyno did not end in time. `stopped` is whether it surely does not run any more."""

    def __init__(
        self, app: str, command: str, seconds: float, tail: Sequence[str], *, stopped: bool = True
    ) -> None:
        self.app, self.command, self.seconds, self.tail = app, command, seconds, tuple(tail)
        self.stopped = stopped
        lines = "".join(f"\n  | {line}" for line in tail)
        super().__init__(
            f"{app}: `{command}` was not over after {seconds:g} s, so its dyno {_stopped(stopped)}. Its last "
            f"lines:{lines}\nSee what it waits for, or give the step a longer timeout."
        )


class DynoUnattached(StepFailed):
    """The output of a one-off dyno could not be read to its end, so that its status is not known."""

    def __init__(self, app: str, command: str, dyno: str, why: str, *, stopped: bool = True) -> None:
        self.app, self.command, self.dyno, self.why, self.stopped = app, command, dyno, why, stopped
        super().__init__(
            f"{app}: the output of `{command}` broke off ({why}), so its status is not known; its dyno "
            f"{dyno} {_stopped(stopped)}. See `heroku logs --app {app} --dyno {dyno}`, and that the worker "
            "may reach rendezvous.runtime.heroku.com, port 5000."
        )


class OutcomeUnknown(StepImpossible):
    """An earlier try began a command, and nobody knows how it ended."""

    def __init__(self, app: str, command: str) -> None:
        self.app, self.command = app, command
        super().__init__(
            f"{app}: an earlier try began `{command}` and did not learn how it ended; it is not run a second "
            f"time by itself. Read `heroku logs --app {app}`. If it ended well, mark this task success; if "
            "it may run again, say `repeatable=True` in the plan."
        )


class MigrationsPending(StepFailed):
    """Migrations are still to be applied (or taken back) after the command ended well."""

    def __init__(self, app: str, names: Sequence[str], wanted: str) -> None:
        self.app, self.names, self.wanted = app, tuple(names), wanted
        super().__init__(
            f"{app}: manage.py ended well, and these migrations are still not {wanted}: {', '.join(names)}. "
            "See that the app has one database, and which settings the command runs with."
        )


class MigrationsNotInCode(StepImpossible):
    """The running code does not know the migrations that are to be taken back."""

    def __init__(self, app: str, names: Sequence[str]) -> None:
        self.app, self.names = app, tuple(names)
        super().__init__(
            f"{app}: the running code does not have {', '.join(names)}, so it cannot take them back. Deploy "
            "the code that has them, take them back with manage.py migrate, then roll the code back."
        )


class PlanUnreadable(StepFailed):
    """The answer of showmigrations is not what Django prints."""

    def __init__(self, app: str, command: str, lines: Sequence[str]) -> None:
        self.app, self.command, self.lines = app, command, tuple(lines)
        super().__init__(
            f"{app}: `{command}` printed no migrations: {' / '.join(lines) or 'nothing'}. See that `manage` "
            "in the plan names the app's manage.py."
        )


class DatabaseNotAttached(StepImpossible):
    """The app has no database under that name."""

    def __init__(self, app: str, name: str, names: Sequence[str]) -> None:
        self.app, self.name, self.names = app, name, tuple(names)
        known = f"It has {', '.join(names)}" if names else "It has no add-ons"
        super().__init__(f'{app}: no database "{name}" is attached. {known}. Correct `database` in the plan.')


class TransferFailed(StepFailed):
    """Heroku could not take or restore a backup."""

    def __init__(self, app: str, what: str, name: str, why: str) -> None:
        self.app, self.what, self.name, self.why = app, what, name, why
        super().__init__(
            f"{app}: {what} {name} failed: {why}. See `heroku pg:backups:info {name} --app {app}`; a cleared "
            "task begins a new one."
        )


class BackupGone(StepImpossible):
    """The backup that is to be restored is not there any more, or is another one."""

    def __init__(self, app: str, name: str, why: str) -> None:
        self.app, self.name, self.why = app, name, why
        super().__init__(
            f"{app}: the backup {name} cannot be restored: {why}. The database was not touched. See "
            f"`heroku pg:backups --app {app}` and restore another one by hand, newest first."
        )


def _stopped(stopped: bool) -> str:
    return "was stopped" if stopped else "could not be stopped and ends by itself (the next try waits for it)"
