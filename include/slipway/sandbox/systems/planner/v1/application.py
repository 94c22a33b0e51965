"""What this release serves."""

import tasks
import users
from web import App

ROUTES = (
    ("GET", "/api/tasks", tasks.list_tasks),
    ("POST", "/api/tasks", tasks.create_task),
    ("GET", "/api/tasks/{id}", tasks.get_task),
    ("PUT", "/api/tasks/{id}", tasks.update_task),
    ("DELETE", "/api/tasks/{id}", tasks.delete_task),
    ("POST", "/login", users.login),
    ("POST", "/logout", users.logout),
)


def build():
    return App("planner", ROUTES, tasks.NEEDS, user_of=users.user_of)
