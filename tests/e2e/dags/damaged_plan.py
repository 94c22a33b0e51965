"""A thin plan that looks at its data after the migration, and restores the backup where rows are damaged."""

from dataclasses import replace

from thin import MINUTE, thin_plan

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.checks import Compared, RowChecksums, Table, TakeRowChecksums
from slipway.plan import DecisionMatrix, Procedure, Rule
from slipway.steps import RestorePostgres, RunCheck
from slipway.words import Action, Severity

# Those of the users from 1000000 on come and go with the practice range's own load.
TASKS = [Table(name="tasks", key="id", columns=("id", "title"), where="user_id < 1000000")]
thin = thin_plan("damaged")
back_up, fetch, migrate, *deploy = thin.on_production

plan = replace(
    thin,
    on_production=[
        back_up,
        fetch,
        TakeRowChecksums(name="note_rows", tables=TASKS),
        migrate,
        RunCheck(
            name="verify_rows",
            check=RowChecksums(
                name="no_data_lost",
                taken_by="production.note_rows",
                tables=TASKS,
                compared=Compared.EQUAL_UP_TO_LAST,
                on_failure=Severity.CRITICAL,
            ),
        ),
        *deploy,
    ],
    matrix=DecisionMatrix(
        rules=[
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK_AND_RESTORE,
                within=5 * MINUTE,
                procedure="restore_everything",
            ),
            *thin.matrix.rules[1:],
        ]
    ),
    procedures=[
        Procedure(
            name="restore_everything",
            title="The code, and the data from the backup",
            restore=RestorePostgres(name="restore_database", backup="back_up_database"),
        )
    ],
)
dag = release_dag(plan)
