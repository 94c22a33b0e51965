"""What this release serves."""

import enhanced
import history
import memory
import tasks
import tools
import users
from web import App

ROUTES = (
    ("GET", "/api/tasks", enhanced.list_tasks),
    ("POST", "/api/tasks", history.create_task),
    ("GET", "/api/tasks/{id}", tasks.get_task),
    ("PUT", "/api/tasks/{id}", history.update_task),
    ("DELETE", "/api/tasks/{id}", history.delete_task),
    ("GET", "/api/operations", history.log),
    ("POST", "/api/undo", history.undo),
    ("GET", "/api/memory", memory.recall),
    ("GET", "/api/tools", tools.list_tools),
    ("POST", "/login", users.login),
    ("POST", "/logout", users.logout),
)
NEEDS = {
    **tasks.NEEDS,
    "tasks": f"{tasks.FIELDS}, status_kind, priority_level",
    "operation_log": "user_id, operation, task_id",
    "undo_stack": "user_id, operation, task_id, before",
    "semantic_memory": "user_id, word, weight",
}
FEATURES = (
    "enhanced_models",
    "logging_hooks",
    "undo_stack",
    "conflict_resolution",
    "semantic_memory",
    "langgraph_tools",
)


def build():
    return App("planner", ROUTES, NEEDS, new_features=FEATURES, user_of=users.user_of)
