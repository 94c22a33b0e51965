"""The page, and its script under a name that changes with its content: browsers keep no old one."""

import json

from web import HERE, Raw, Refused

PAGE = """<!doctype html>
<title>The 5HC, assessments ({version})</title>
<form action="/login" method="post"><input name="user"><input name="password" type="password"></form>
<script src="/static/{script}" defer></script>
"""
COLLECTED = HERE / "staticfiles"


def index(app, request):
    script = manifest().get("scores.js", f"scores.js?v={app.version}")
    return Raw(PAGE.format(version=app.version, script=script).encode(), "text/html")


def manifest():
    """The collected name of each file; empty before collectstatic ran."""
    found = COLLECTED / "staticfiles.json"
    return json.loads(found.read_text())["paths"] if found.exists() else {}


def static(app, request):
    name = request.arguments["name"]
    for folder in (COLLECTED, HERE / "static"):
        if "/" not in name and (folder / name).is_file():
            return Raw((folder / name).read_bytes(), "text/javascript")
    raise Refused(404, f"no static file {name}")
