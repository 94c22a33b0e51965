from slipway.environment import Environment
from slipway.steps import AirflowOperator, AirflowTask

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"


def test_an_operator_with_an_undo_is_reversible() -> None:
    step = AirflowTask(name="purge", operator=EMPTY, undo_with=AirflowOperator(operator=EMPTY))
    assert step.faults() == ()
    assert step.undoing().undo == "reversible"
    assert step.undoing().how == "runs EmptyOperator"


def test_an_operator_without_an_undo_needs_a_reason() -> None:
    assert AirflowTask(name="purge", operator=EMPTY).undoing().undo == "no undo"
    assert AirflowTask(name="purge", operator=EMPTY, leaves_nothing="a cache").undoing().how == "a cache"


def test_faults_are_told_with_their_mend() -> None:
    step = AirflowTask(
        name="purge",
        operator="EmptyOperator",
        undo_with=AirflowOperator(operator=EMPTY, arguments={"task_id": "x"}),
    )
    assert step.faults() == (
        '"EmptyOperator" is no dotted path. Write module and class: "package.module.Class"',
        "the arguments hold task_id. Leave it out: the step's name is the task's name",
    )


def test_its_connections_are_those_that_its_operators_are_given() -> None:
    step = AirflowTask(
        name="purge",
        operator=EMPTY,
        arguments={"http_conn_id": "cache", "endpoint": "/purge"},
        undo_with=AirflowOperator(
            operator=EMPTY, arguments={"conn_id": "{{ var.value.x }}", "ftp_conn_id": "ftp"}
        ),
    )
    assert step.connections(Environment(system="toy", name="production")) == ("cache", "ftp")
