"""Skills with what is left to the level aimed at."""

import advice
import levels
import skills
from people import required


def list_skills(app, request):
    found = skills.of_user(required(request))
    for skill, weight in zip(found, advice.of([skill["name"] for skill in found]), strict=True):
        skill["gap"] = max(0, levels.number(skill["target"]) - levels.number(skill["level"]))
        skill["weight"] = weight
    return {"skills": found, "count": len(found)}
