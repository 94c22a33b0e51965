"""Any Airflow operator as a step, with its undo or with a stated reason why it has none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.environment import Environment
from slipway.kinds import Step
from slipway.run import Evidence, Json, Run

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_BUILT = "is built into the DAG as an operator of its own; it is not called as a step"


@dataclass(frozen=True, kw_only=True)
class AirflowOperator:
    """An operator and what it is made with.

    :param operator: dotted path of its class, e.g. "airflow.providers.http.operators.http.HttpOperator"
    :param arguments: keyword arguments of its class, without task_id; JSON only, may hold templates
    """

    operator: str
    arguments: Mapping[str, Json] = field(default_factory=dict)

    def faults(self) -> tuple[str, ...]:
        """Return what is wrong with it, each with its mend; nothing is imported for it."""
        found = []
        if not _PATH.fullmatch(self.operator):
            found.append(
                f'"{self.operator}" is no dotted path. Write module and class: "package.module.Class"'
            )
        if "task_id" in self.arguments:
            found.append("the arguments hold task_id. Leave it out: the step's name is the task's name")
        return tuple(found)

    @property
    def class_name(self) -> str:
        return self.operator.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class AirflowTask(Step):
    """The escape hatch: an operator that stands in a phase as it is.

    The DAG holds the operator itself, so `do` and `undo` are never called.

    :param operator: dotted path of its class
    :param arguments: keyword arguments of its class, without task_id
    :param undo_with: the operator that takes it back; it may run twice, so it must be harmless then
    """

    operator: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    undo_with: AirflowOperator | None = None

    kind: ClassVar[str] = "airflow_task"

    def undo_in_words(self) -> str:
        """Name the operator that undoes it, "" without one."""
        return f"runs {self.undo_with.class_name}" if self.undo_with else ""

    def faults(self) -> tuple[str, ...]:
        """Return what is wrong with the operators, each with its mend."""
        return tuple(fault for operator in self.operators() for fault in operator.faults())

    def operators(self) -> tuple[AirflowOperator, ...]:
        """Return the operator that does it, and the one that undoes it where there is one."""
        does = AirflowOperator(operator=self.operator, arguments=self.arguments)
        return (does, self.undo_with) if self.undo_with else (does,)

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the connections that its operators are given; a template says nothing yet."""
        return tuple(conn_id for conn_id in self.given() if "{" not in conn_id)

    def given(self) -> tuple[str, ...]:
        """Return what the arguments "..._conn_id" say, templates too."""
        all_of_them = [item for operator in self.operators() for item in operator.arguments.items()]
        named = (str(value) for name, value in all_of_them if name.endswith("conn_id") and value)
        return tuple(dict.fromkeys(named))

    def do(self, run: Run) -> Evidence:
        """Refuse: the DAG holds the operator itself."""
        raise TypeError(f"{self.name}: {_BUILT}")

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Refuse: the DAG holds the operator itself."""
        raise TypeError(f"{self.name}: {_BUILT}")
