"""What this release serves."""

import resources
import users
from web import App

ROUTES = (
    ("GET", "/api/resources", resources.list_resources),
    ("GET", "/api/resources/{id}", resources.get_resource),
    ("POST", "/api/resources/{id}/bookings", resources.book),
    ("DELETE", "/api/bookings/{id}", resources.cancel),
)


def build():
    return App("communityshare", ROUTES, resources.NEEDS, user_of=users.user_of)
