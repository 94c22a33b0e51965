"""What this release serves."""

import flags
import maintenance
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
    ("GET", "/api/maintenance/schedules", maintenance.calendar),
    ("POST", "/api/maintenance/schedules", maintenance.create),
    ("POST", "/api/maintenance/schedules/{id}/complete", maintenance.complete),
    ("DELETE", "/api/maintenance/schedules/{id}", maintenance.remove),
    ("GET", "/api/maintenance/logs", maintenance.history),
    ("POST", "/api/maintenance/check", maintenance.check),
)


def build():
    return App(
        "communityshare",
        ROUTES,
        {**resources.NEEDS, **notices.NEEDS, **maintenance.NEEDS},
        new_features=(flags.MAINTENANCE,),
        user_of=users.user_of,
    )
