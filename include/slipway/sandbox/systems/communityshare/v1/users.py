"""Who asks: the header of the gateway in front."""

from web import Refused


def user_of(request):
    header = request.headers.get("X-User")
    if header is None:
        return None
    if not header.isdigit():
        raise Refused(400, "X-User is the id of a user")
    return int(header)


def required(request):
    if request.user is None:
        raise Refused(401, "X-User is required")
    return request.user


def number(text):
    if not str(text).isdigit():
        raise Refused(400, f"{text!r} is not an id")
    return int(text)
