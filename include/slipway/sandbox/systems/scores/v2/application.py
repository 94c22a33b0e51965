"""What this release serves."""

import assessments
import manual_scores
import notices
import overrides
import pages
import reports
import users
from web import App

ROUTES = (
    ("GET", "/", pages.index),
    ("GET", "/static/{name}", pages.static),
    ("GET", "/api/assessments", overrides.list_assessments),
    ("POST", "/api/assessments", overrides.create_assessment),
    ("GET", "/api/assessments/{id}", overrides.get_assessment),
    ("PUT", "/api/assessments/{id}", overrides.update_assessment),
    ("DELETE", "/api/assessments/{id}", assessments.delete_assessment),
    ("POST", "/api/assessments/{id}/reset", overrides.reset),
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
    "assessments": f"{assessments.FIELDS}, {manual_scores.COLUMNS}",
    "report_cache": "assessment_id, body",
    "notices": "key, title, text, audience",
}


def build():
    return App("scores", ROUTES, NEEDS, new_features=(manual_scores.FLAG,), user_of=users.user_of)
