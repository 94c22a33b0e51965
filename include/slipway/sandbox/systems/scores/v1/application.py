"""What this release serves."""

import assessments
import notices
import pages
import reports
import users
from web import App

ROUTES = (
    ("GET", "/", pages.index),
    ("GET", "/static/{name}", pages.static),
    ("GET", "/api/assessments", assessments.list_assessments),
    ("POST", "/api/assessments", assessments.create_assessment),
    ("GET", "/api/assessments/{id}", assessments.get_assessment),
    ("PUT", "/api/assessments/{id}", assessments.update_assessment),
    ("DELETE", "/api/assessments/{id}", assessments.delete_assessment),
    ("GET", "/api/assessments/{id}/report", reports.report),
    ("GET", "/api/notices", notices.list_notices),
    ("POST", "/api/notices", notices.post_notice),
    ("POST", "/login", users.login),
    ("POST", "/logout", users.logout),
)
NEEDS = {
    "users": "id, name, password_hash",
    "sessions": "user_id, token",
    "feature_flags": "name, enabled, percentage",
    "assessments": assessments.FIELDS,
    "report_cache": "assessment_id, body",
    "notices": "key, title, text, audience",
}


def build():
    return App("scores", ROUTES, NEEDS, user_of=users.user_of)
