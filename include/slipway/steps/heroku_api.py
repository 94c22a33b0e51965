"""The Heroku Platform API (version 3) and the Heroku Postgres API, as far as steps need them.

Sources: devcenter.heroku.com/articles/platform-api-reference; the Postgres paths are those of the CLI's
`pg:backups` commands.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from slipway.run import Json, Run
from slipway.steps.faults.heroku import DatabaseNotAttached
from slipway.steps.git_remote import Remote
from slipway.steps.reach import connection
from slipway.vendor import Vendor, call, read_json
from slipway.vendor_faults import AnswerUnreadable

_ACCEPT = {"Accept": "application/vnd.heroku+json; version=3"}
_MENDS = {
    401: "The token is expired or wrong: make one with `heroku authorizations:create` and set it as the "
    "password of the connection.",
    403: "The token's account may not do this: add it to the app with the right `deploy` and `operate`.",
}
_SETTINGS = ("git", "rendezvous_tls")  # keys of the connection's extra
HEROKU = Vendor(system="Heroku", headers=_ACCEPT, mends=_MENDS, settings=_SETTINGS)
HEROKU_DATA = Vendor(system="Heroku Postgres", headers=_ACCEPT, mends=_MENDS, settings=_SETTINGS)
LAST_RELEASES = 20
_GIT = "https://git.heroku.com/{app}.git"


@dataclass(frozen=True, kw_only=True)
class HerokuRelease:
    """A release of an app. `slug` and `commit` are "" where it has no code, e.g. an app's first one.

    :param status: "pending", "succeeded", "failed" or "expired"
    """

    id: str
    version: int
    status: str
    current: bool
    slug: str = ""
    commit: str = ""

    @property
    def label(self) -> str:
        """Name it for people, e.g. "v12 (commit 0123456789ab)"."""
        return f"v{self.version}" + (f" (commit {self.commit[:12]})" if self.commit else "")


def ask(run: Run, method: str, path: str, *, json: Json = None, accept: Collection[int] = ()) -> Any:
    """Ask the Platform API and return the answer's JSON. Raises the faults of slipway.vendor_faults."""
    answer = call(HEROKU, connection(run, "heroku").conn_id, method, path, json=json, accept=accept)
    return read_json(HEROKU, answer)


def ask_data(run: Run, method: str, path: str, *, json: Json = None) -> Any:
    """Ask the Postgres API and return the answer's JSON. Raises the faults of slipway.vendor_faults."""
    answer = call(HEROKU_DATA, connection(run, "heroku_data").conn_id, method, path, json=json)
    return read_json(HEROKU_DATA, answer)


def releases(run: Run, app: str) -> list[HerokuRelease]:
    """Return the app's last releases, newest first, each with its commit."""
    path = f"/apps/{app}/releases"
    newest = {"Range": f"version ..; order=desc, max={LAST_RELEASES}"}
    answer = call(HEROKU, connection(run, "heroku").conn_id, "GET", path, headers=newest)
    commits: dict[str, str] = {}
    found = []
    for body in read_json(HEROKU, answer):
        try:
            slug = (body["slug"] or {}).get("id", "")
            if slug and slug not in commits:
                commits[slug] = str(ask(run, "GET", f"/apps/{app}/slugs/{slug}").get("commit") or "")
            found.append(
                HerokuRelease(
                    id=body["id"],
                    version=body["version"],
                    status=body["status"],
                    current=body["current"],
                    slug=slug,
                    commit=commits.get(slug, ""),
                )
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise AnswerUnreadable(HEROKU.system, f"GET {path}", f"no {error} in a release") from error
    return sorted(found, key=lambda release: release.version, reverse=True)


def current(found: list[HerokuRelease]) -> HerokuRelease | None:
    """Return the release that the app runs, None for an app without one."""
    return next((release for release in found if release.current), None)


def builds_going(run: Run, app: str) -> list[str]:
    """Return the commits that Heroku builds for the app at this moment."""
    newest = {"Range": f"created_at ..; order=desc, max={LAST_RELEASES}"}
    answer = call(HEROKU, connection(run, "heroku").conn_id, "GET", f"/apps/{app}/builds", headers=newest)
    found = read_json(HEROKU, answer)
    pending = (build for build in found if build.get("status") == "pending")
    return [str((build.get("source_blob") or {}).get("version") or "") for build in pending]


def git_of(run: Run, app: str) -> Remote:
    """Return the app's git repository; the token is its password."""
    found = connection(run, "heroku")
    url = str(found.extra_dejson.get("git", _GIT)).format(app=app)
    return Remote(conn_id=found.conn_id, url=url, login="slipway", password=found.password or "")


def database_of(run: Run, app: str, name: str) -> tuple[str, str]:
    """Return id and name of the add-on that is attached to an app as `name`. Raises DatabaseNotAttached."""
    attached = {each["name"]: each["addon"] for each in ask(run, "GET", f"/apps/{app}/addon-attachments")}
    if name not in attached:
        raise DatabaseNotAttached(app, name, sorted(attached))
    return str(attached[name]["id"]), str(attached[name]["name"])


def look_at_app(run: Run, app: str) -> str:
    """Say what an app runs."""
    now = current(releases(run, app))
    return f"{app} runs {now.label}" if now else f"{app} is there and was never released"


def look(run: Run) -> str:
    """Tell what the `heroku` connection may read, for `plan doctor`; it changes nothing."""
    who = ask(run, "GET", "/account")["email"]
    return f"{len(ask(run, 'GET', '/apps'))} apps readable as {who}"


def look_at_data(run: Run) -> str:
    """Tell whether the `heroku_data` connection answers, for `plan doctor`; it changes nothing.

    The API has no path of its own for that: the backups of the account's first app are listed.
    """
    apps = ask(run, "GET", "/apps")
    if not apps:
        return "not tried: the account has no app"
    app = apps[0]["name"]
    return f"{len(ask_data(run, 'GET', f'/client/v11/apps/{app}/transfers'))} backups and restores of {app}"
