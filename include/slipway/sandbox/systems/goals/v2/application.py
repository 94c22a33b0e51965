"""What this release serves."""

import goals
import people
import plans
import skills
from web import App, health

ROUTES = (
    ("GET", "/api/health", health),
    ("POST", "/api/auth/login", people.login),
    ("POST", "/api/auth/logout", people.logout),
    ("GET", "/api/me/skills", plans.list_skills),
    ("PUT", "/api/me/skills/{id}", skills.rate_skill),
    ("GET", "/api/me/goals", goals.list_goals),
    ("POST", "/api/me/goals", goals.create_goal),
    ("GET", "/api/me/goals/{id}", goals.get_goal),
    ("PUT", "/api/me/goals/{id}", goals.change_goal),
    ("DELETE", "/api/me/goals/{id}", goals.delete_goal),
)
NEEDS = {**skills.NEEDS, "goals": goals.FIELDS}


def build():
    return App("cpr-api", ROUTES, NEEDS, new_features=(goals.FEATURE,), user_of=people.user_of)
