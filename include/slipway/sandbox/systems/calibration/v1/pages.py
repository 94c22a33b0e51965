"""The built front end."""

import mimetypes

from web import HERE, Raw, Refused

DIST = HERE / "frontend" / "dist"


def page(app, request):
    name = request.arguments.get("name", "index.html")
    path = DIST / name
    if not path.is_file() or path.parent != DIST:
        raise Refused(404, f"the front end has no {name} (is it built?)")
    return Raw(path.read_bytes(), mimetypes.guess_type(name)[0] or "application/octet-stream")


ROUTES = (("GET", "/", page), ("GET", "/assets/{name}", page))
