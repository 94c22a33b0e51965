"""Verify that the five enhanced models have their typed fields, filled as the free text says, and their indexes."""

import os
import sys

import psycopg

DAMAGE = 3  # the exit status of a finding; 1 is Python's own where it could not look
MODELS = ("tasks", "goals", "events", "habits", "notes")
UNFAITHFUL = (
    "SELECT count(*) FROM {model} WHERE (priority ~* 'urgent') IS TRUE AND priority_level <> 'urgent'"
    " OR lower(trim(status)) = 'done' AND status_kind <> 'done'"
)


def faults(connection, model):
    columns = connection.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'"
        " AND column_name IN ('status_kind', 'priority_level') AND is_nullable = 'NO'",
        [model],
    ).fetchone()[0]
    if columns != 2:
        return [f"{model}: {columns} of the 2 typed columns"]
    index = connection.execute("SELECT to_regclass(%s)", [f"{model}_user_status_kind"]).fetchone()[0]
    wrong = connection.execute(UNFAITHFUL.format(model=model)).fetchone()[0]
    found = [] if index else [f"{model}: the index {model}_user_status_kind is missing"]
    return found + ([f"{model}: {wrong} rows contradict their free text"] if wrong else [])


def main():
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        found = [fault for model in MODELS for fault in faults(connection, model)]
    for fault in found:
        print(f"FAULT {fault}")
    print(f"{len(MODELS) - len({f.split(':')[0] for f in found})} of {len(MODELS)} enhanced models verified")
    return DAMAGE if found else 0


if __name__ == "__main__":
    sys.exit(main())
