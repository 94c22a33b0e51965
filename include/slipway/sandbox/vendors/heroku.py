"""A stand-in of Heroku: Platform API, Postgres API, git over HTTP, and one-off dynos that really run."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from slipway.sandbox.vendors.heroku_git import git_door
from slipway.sandbox.vendors.heroku_rendezvous import Rendezvous
from slipway.sandbox.vendors.heroku_state import ACCOUNT, App, HerokuState, Json, now
from slipway.sandbox.vendors.stand_in import Call, StandIn

if TYPE_CHECKING:
    from flask import Flask

ACCEPT = "application/vnd.heroku+json; version=3"
LONGEST_LIFE = 86_400  # seconds of a one-off dyno
_IDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    422: "invalid_params",
    429: "rate_limit",
    503: "service_unavailable",
}


@dataclass(kw_only=True)
class Heroku(StandIn):
    """The stand-in; `state` is what it knows. Close it, so that no dyno outlives it.

    A one-off dyno's output is the call "ATTACH /<app>/<dyno>" to its troubles. `git` stands for
    git.heroku.com, at an address of its own.
    """

    state: HerokuState
    rendezvous: Rendezvous = field(default_factory=Rendezvous)
    git: StandIn

    def close(self) -> None:
        """End the one-off dynos and the rendezvous."""
        self.rendezvous.close()


def heroku(state: HerokuState | None = None, *, token: str = "") -> Heroku:
    """Return a stand-in whose API takes the token (any if "")."""
    from flask import Flask

    app = Flask("heroku")
    bearer = f"Bearer {token}" if token else ""
    known = state or HerokuState()
    git = git_door(lambda name: known.apps[name].git if name in known.apps else None, token=token)
    made = Heroku(app=app, error=_error, token=bearer, state=known, git=git)
    _mind_the_version(app)
    _account_and_apps(app, made)
    _releases(app, made)
    _dynos(app, made)
    _backups(app, made)
    return made


def _error(status: int, said: str) -> tuple[Any, int]:
    from flask import jsonify

    return jsonify({"id": _IDS.get(status, "internal_server_error"), "message": said}), status


def _mind_the_version(app: Flask) -> None:
    from flask import request

    @app.before_request
    def version() -> Any:
        if request.path.startswith("/_stand_in") or request.headers.get("Accept") == ACCEPT:
            return None
        return _error(406, f'Send "Accept: {ACCEPT}".')


def _account_and_apps(app: Flask, heroku: Heroku) -> None:
    from flask import jsonify

    @app.get("/account")
    def account() -> Any:
        return jsonify(ACCOUNT | {"name": "Release Engineer", "verified": True})

    @app.get("/apps")
    def apps() -> Any:
        return jsonify([{"id": each.id, "name": each.name} for each in heroku.state.apps.values()])

    @app.get("/apps/<name>")
    def one(name: str) -> Any:
        found = _app(heroku, name)
        return jsonify({"id": found.id, "name": found.name, "maintenance": False})

    @app.get("/apps/<name>/config-vars")
    def config(name: str) -> Any:
        return jsonify(_app(heroku, name).config)

    @app.get("/apps/<name>/formation")
    def formation(name: str) -> Any:
        found = _app(heroku, name)
        web = {"id": str(uuid4()), "type": "web", "quantity": found.web, "size": "standard-1X"}
        common = {"app": {"id": found.id, "name": found.name}, "command": "gunicorn app.wsgi"}
        return jsonify([web | common | {"created_at": now(), "updated_at": now()}])

    @app.get("/apps/<name>/addon-attachments")
    def attachments(name: str) -> Any:
        found = _app(heroku, name)
        owner = {"id": found.id, "name": found.name}
        addon = {"id": found.database, "name": f"postgresql-{found.name}", "app": owner}
        both = {"id": str(uuid4()), "app": owner, "addon": addon, "created_at": now(), "updated_at": now()}
        urls = {"namespace": None, "web_url": None, "log_input_url": None}
        return jsonify([both | urls | {"name": "DATABASE"}])


def _releases(app: Flask, heroku: Heroku) -> None:
    from flask import jsonify, request

    @app.get("/apps/<name>/releases")
    def releases(name: str) -> Any:
        found = _app(heroku, name)
        newest = "order=desc" in request.headers.get("Range", "")
        shown = [_without(each, "over") for each in found.releases]
        return jsonify(shown[::-1] if newest else shown), 206

    @app.get("/apps/<name>/slugs/<slug>")
    def slug(name: str, slug: str) -> Any:
        found = _app(heroku, name)
        return jsonify(found.slugs[slug]) if slug in found.slugs else _error(404, "Couldn't find that slug.")

    @app.get("/apps/<name>/builds")
    def builds(name: str) -> Any:
        return jsonify(_app(heroku, name).builds)

    @app.post("/apps/<name>/releases")
    def release(name: str) -> Any:
        found, body = _app(heroku, name), request.get_json()
        slug, description = body.get("slug"), "Deploy of a slug"
        if "release" in body:
            back = next((each for each in found.releases if each["id"] == body["release"]), None)
            if back is None:
                return _error(404, "Couldn't find that release.")
            if not back["slug"] or back["status"] != "succeeded":
                return _error(422, f"Cannot rollback to v{back['version']}.")
            slug, description = back["slug"]["id"], f"Rollback to v{back['version']}"
        if slug not in found.slugs:
            return _error(422, "Unknown slug.")
        with heroku.state.lock:
            return jsonify(_without(heroku.state.release(found, slug, description), "over")), 201


def _dynos(app: Flask, heroku: Heroku) -> None:
    from flask import jsonify, request

    @app.get("/apps/<name>/dynos")
    def dynos(name: str) -> Any:
        found = _app(heroku, name)
        web = [
            _dyno(found, f"web.{n}", "gunicorn app.wsgi", "web", state=found.web_state)
            for n in range(1, found.web + 1)
            if found.running
        ]
        return jsonify([*web, *(_without(each, "secret") for each in found.dynos.values())])

    @app.post("/apps/<name>/dynos")
    def begin(name: str) -> Any:
        found, body = _app(heroku, name), request.get_json()
        if not body.get("command"):
            return _error(422, "Require params: command.")
        if not 0 < body.get("time_to_live", LONGEST_LIFE) <= LONGEST_LIFE:
            return _error(422, f"time_to_live must be at most {LONGEST_LIFE} seconds.")
        if not found.running:
            return _error(422, "App has no code: push it first.")
        dyno = _dyno(found, f"run.{1000 + len(heroku.calls)}", body["command"], "run", state="starting")
        secret = heroku.rendezvous.offer(
            lambda: heroku.state.run(found.name, body["command"]),
            lambda: found.dynos.pop(dyno["name"], None),
            lambda: heroku.meet(Call(method="ATTACH", path=f"/{name}/{dyno['name']}", body=body["command"])),
        )
        dyno["attach_url"] = f"rendezvous://127.0.0.1:{heroku.rendezvous.port}/{secret}"
        found.dynos[dyno["name"]] = dyno | {"secret": secret, "attach_url": None, "state": "up"}
        return jsonify(dyno), 201

    @app.post("/apps/<name>/dynos/<dyno>/actions/stop")
    def stop(name: str, dyno: str) -> Any:
        gone = _app(heroku, name).dynos.pop(dyno, None)
        if gone is None:
            return _error(404, "Couldn't find that dyno.")
        heroku.rendezvous.stop(gone["secret"])
        return jsonify({}), 202


def _backups(app: Flask, heroku: Heroku) -> None:
    from flask import jsonify, request

    @app.get("/client/v11/apps/<name>/transfers")
    def transfers(name: str) -> Any:
        return jsonify(_app(heroku, name).transfers)

    @app.post("/client/v11/databases/<database>/backups")
    def backup(database: str) -> Any:
        found = _of_database(heroku, database)
        transfer = _transfer(found, "pg_dump", "gof3r")
        transfer["to_url"] = url = f"https://backups.example/{transfer['uuid']}"

        def work() -> int:
            found.dumps[url] = heroku.state.capture(found.name)
            return len(found.dumps[url])

        return _begun(heroku, found, transfer, work)

    @app.post("/client/v11/databases/<database>/restores")
    def restore(database: str) -> Any:
        found, url = _of_database(heroku, database), request.get_json().get("backup_url", "")
        dump = next((each.dumps[url] for each in heroku.state.apps.values() if url in each.dumps), None)
        if dump is None:
            return _error(422, "The backup cannot be read.")
        transfer = _transfer(found, "gof3r", "pg_restore")

        def work() -> int:
            heroku.state.restore(found.name, dump)
            return len(dump)

        return _begun(heroku, found, transfer, work)


def _begun(heroku: Heroku, app: App, transfer: Json, work: Any) -> Any:
    """Note a transfer and let it work in a thread, as long as a transfer takes."""
    from flask import jsonify

    app.transfers.append(transfer)
    answer = jsonify(transfer), 201

    def go() -> None:
        time.sleep(heroku.state.takes)
        try:
            done = {"processed_bytes": work(), "succeeded": True}
        except Exception as error:  # whatever the sandbox's database says
            transfer["logs"].append({"created_at": now(), "message": str(error)})
            done = {"succeeded": False}
        transfer.update(done, finished_at=now(), updated_at=now())

    threading.Thread(target=go, daemon=True).start()
    return answer


def _transfer(app: App, from_type: str, to_type: str) -> Json:
    return {
        "uuid": str(uuid4()),
        "num": len(app.transfers) + 1,
        "from_name": "DATABASE",
        "from_type": from_type,
        "to_type": to_type,
        "to_url": "",
        "schedule": None,
        "source_bytes": 4096,
        "processed_bytes": 0,
        "succeeded": None,
        "created_at": now(),
        "started_at": now(),
        "finished_at": None,
        "updated_at": now(),
        "logs": [],
    }


def _dyno(app: App, name: str, command: str, kind: str, *, state: str) -> Json:
    release = app.current or {}
    return {
        "id": str(uuid4()),
        "name": name,
        "command": command,
        "type": kind,
        "state": state,
        "size": "standard-1X",
        "attach_url": None,
        "release": {"id": release.get("id"), "version": release.get("version")},
        "app": {"id": app.id, "name": app.name},
        "created_at": now(),
        "updated_at": now(),
    }


def _app(heroku: Heroku, name: str) -> App:
    from flask import abort

    if name not in heroku.state.apps:
        abort(404, "Couldn't find that app.")
    with heroku.state.lock:
        heroku.state.settle(heroku.state.apps[name])
    return heroku.state.apps[name]


def _of_database(heroku: Heroku, database: str) -> App:
    from flask import abort

    found = next((app for app in heroku.state.apps.values() if app.database == database), None)
    return found if found else abort(404, "Couldn't find that database.")


def _without(body: Json, key: str) -> Json:
    return {name: value for name, value in body.items() if name != key}
