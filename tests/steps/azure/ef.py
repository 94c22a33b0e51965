"""A schema of Entity Framework and its scripts, for the tests of UpgradeEf."""

from dataclasses import replace

from slipway.environment import Environment
from slipway.sandbox.postgres import Postgres
from slipway.steps import Verification
from slipway.steps.upgrade_ef import UpgradeEf
from slipway.testing import LocalRun

FIRST, GOALS, SHARES = "20250101000000_First", "20251111093000_AddGoals", "20251112000000_AddShares"
STEP = UpgradeEf(
    name="migrate",
    to="AddShares",
    verify=[Verification(title="no goals yet", sql="SELECT count(*) FROM goals", expected=0)],
)
WITH_CLI = replace(STEP, project="src", verify=[])
HISTORY = '"__EFMigrationsHistory" ("MigrationId", "ProductVersion")'


def guarded(migration: str, statement: str) -> str:
    """Return what Entity Framework generates for one migration of an idempotent script."""
    return (
        "DO $EF$\nBEGIN\n"
        f'  IF NOT EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = \'{migration}\') THEN\n'
        f"    {statement};\n    INSERT INTO {HISTORY} VALUES ('{migration}', '8.0.1');\n"
        "  END IF;\nEND $EF$;\n"
    )


def back(migration: str, statement: str) -> str:
    return f'{statement};\nDELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = \'{migration}\';\n'


DOTNET = """#!{python}
import os, sys
import psycopg
parts = dict(part.split("=", 1) for part in os.environ["ConnectionStrings__DefaultConnection"].split(";"))
print("Password is", parts["Password"])
open(r"{log}", "a").write(" ".join(sys.argv[1:]) + "\\n")
if os.path.exists(r"{log}.broken"):
    sys.exit("42P01: relation does not exist")
names = {names!r}
with psycopg.connect(host=parts["Host"], port=parts["Port"], dbname=parts["Database"],
                     user=parts["Username"], password=parts["Password"]) as session:
    target = [n for n in names if sys.argv[-1] in (n, n.partition("_")[2])][0]
    session.execute('DELETE FROM "__EFMigrationsHistory"')
    for name in names[: names.index(target) + 1]:
        session.execute('INSERT INTO "__EFMigrationsHistory" VALUES (%s, %s)', [name, "8.0.1"])
"""


def ef_run() -> LocalRun:
    environment = Environment(system="cpr", name="production", database="db", artifacts="artifacts")
    return LocalRun(environment=environment, version="v1.2.0")


def applied(server: Postgres, db: str) -> list[object]:
    with server.connect(db) as session:
        query = 'SELECT "MigrationId" FROM "__EFMigrationsHistory" ORDER BY 1'
        return [row[0] for row in session.execute(query)]


def tables(server: Postgres, db: str) -> list[object]:
    with server.connect(db) as session:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        return [row[0] for row in session.execute(query)]
