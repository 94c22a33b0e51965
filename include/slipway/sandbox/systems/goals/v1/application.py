"""What this release serves."""

import people
import skills
from web import App, health

ROUTES = (
    ("GET", "/api/health", health),
    ("POST", "/api/auth/login", people.login),
    ("POST", "/api/auth/logout", people.logout),
    ("GET", "/api/me/skills", skills.list_skills),
    ("PUT", "/api/me/skills/{id}", skills.rate_skill),
)


def build():
    return App("cpr-api", ROUTES, skills.NEEDS, user_of=people.user_of)
