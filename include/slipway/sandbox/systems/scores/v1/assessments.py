"""Assessments of a trainer's clients."""

import scoring
from database import row, rows
from users import required
from web import Refused

MEASURED = ", ".join(scoring.TESTS)
FIELDS = f"id, user_id, client, taken_on, {MEASURED}"


def shown(assessment):
    given = scoring.scores(assessment)
    return {**assessment, "scores": given, "score": scoring.total(given)}


def of_user(user, limit=25):
    return rows(f"SELECT {FIELDS} FROM assessments WHERE user_id = %s ORDER BY id LIMIT %s", [user, limit])


def one(request):
    number = request.arguments["id"]
    if not number.isdigit():
        raise Refused(400, f"{number!r} is not an id")
    found = row(
        f"SELECT {FIELDS} FROM assessments WHERE id = %s AND user_id = %s", [int(number), required(request)]
    )
    if found is None:
        raise Refused(404, f"user {request.user} has no assessment {number}")
    return found


def list_assessments(app, request):
    found = [shown(each) for each in of_user(required(request))]
    return {"assessments": found, "count": len(found)}


def get_assessment(app, request):
    return shown(one(request))


def create_assessment(app, request):
    client, user = request.body.get("client"), required(request)
    if not isinstance(client, str) or not 0 < len(client) <= 200:
        raise Refused(422, "client: 1 to 200 characters")
    made = row(
        f"INSERT INTO assessments (user_id, client, {MEASURED}) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING {FIELDS}",
        [user, client, *(measured(request.body.get(test)) for test in scoring.TESTS)],
    )
    return shown(made)


def update_assessment(app, request):
    before = one(request)
    values = [measured(request.body.get(test, before[test])) for test in scoring.TESTS]
    assigned = ", ".join(f"{test} = %s" for test in scoring.TESTS)
    changed = row(f"UPDATE assessments SET {assigned} WHERE id = %s RETURNING {FIELDS}", [*values, before["id"]])
    forget_report(before["id"])
    return shown(changed)


def delete_assessment(app, request):
    before = one(request)
    forget_report(before["id"])
    row("DELETE FROM assessments WHERE id = %s", [before["id"]])
    return {"deleted": before["id"]}


def measured(value):
    return None if value is None else str(value)[:40]


def forget_report(assessment_id):
    row("DELETE FROM report_cache WHERE assessment_id = %s", [assessment_id])
