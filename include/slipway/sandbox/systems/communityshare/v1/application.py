"""What this release serves."""

import notices
import resources
import users
from web import App

ROUTES = (
    ("GET", "/api/resources", resources.list_resources),
    ("GET", "/api/resources/{id}", resources.get_resource),
    ("POST", "/api/resources/{id}/bookings", resources.book),
    ("DELETE", "/api/bookings/{id}", resources.cancel),
    ("GET", "/api/notices", notices.newest),
    ("POST", "/api/notices", notices.tell),
)


def build():
    return App("communityshare", ROUTES, {**resources.NEEDS, **notices.NEEDS}, user_of=users.user_of)
