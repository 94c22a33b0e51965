"""Assessments with manual scores in them."""

import assessments
import manual_scores
import ranking
import scoring
from users import required


def shown(assessment, manual):
    """An assessment with its scores; `manual` names those that a trainer gave, for the mark beside them."""
    given = {**scoring.scores(assessment), **manual}
    return {**assessment, "scores": given, "score": scoring.total(given), "manual": sorted(manual)}


def list_assessments(app, request):
    found = assessments.of_user(required(request))
    manual = manual_scores.of(request.user, [each["id"] for each in found])
    answer = [shown(each, manual.get(each["id"], {})) for each in found]
    for each, place in zip(answer, ranking.of([each["client"] for each in found]), strict=True):
        each["place"] = place
    return {"assessments": answer, "count": len(answer)}


def get_assessment(app, request):
    found = assessments.one(request)
    return shown(found, manual_scores.of(request.user, [found["id"]]).get(found["id"], {}))


def create_assessment(app, request):
    made = assessments.create_assessment(app, request)
    return _overridden(app, request, made["id"])


def update_assessment(app, request):
    changed = assessments.update_assessment(app, request)
    return _overridden(app, request, changed["id"])


def reset(app, request):
    """Give all scores of an assessment back to the calculation."""
    found = assessments.one(request)
    manual_scores.put(request.user, found["id"], dict.fromkeys(scoring.TESTS))
    assessments.forget_report(found["id"])
    return shown(found, {})


def _overridden(app, request, number):
    if "manual" in request.body:
        manual_scores.put(request.user, number, request.body["manual"])
    request.arguments["id"] = str(number)
    return get_assessment(app, request)
