"""Tools of the planner for an agent's graph: their names and what each takes."""

import flags
import metrics

TOOLS = {
    "list_tasks": {"method": "GET", "path": "/api/tasks", "takes": []},
    "create_task": {"method": "POST", "path": "/api/tasks", "takes": ["title", "priority", "estimate", "due"]},
    "undo": {"method": "POST", "path": "/api/undo", "takes": []},
    "recall": {"method": "GET", "path": "/api/memory", "takes": []},
}


def list_tools(app, request):
    allowed = flags.enabled("langgraph_tools", request.user)
    if allowed:
        metrics.FEATURE_USES.labels("langgraph_tools").inc()
    return {"enabled": allowed, "tools": TOOLS if allowed else {}}
