"""The operators of Airflow's own that a plan names by their path."""

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from typing import Any

from airflow.sdk import BaseOperator

from slipway.run import Json
from slipway.steps.airflow_task import AirflowOperator


def guest_operator(path: str, arguments: Mapping[str, Json], **kwargs: Any) -> BaseOperator:
    """Make the operator that stands at a dotted path."""
    return _type_at(path)(**dict(arguments), **kwargs)


def default_connections(operator: AirflowOperator) -> list[str]:
    """Return the connections that an operator takes where it is given none: the defaults of its class."""
    found: dict[str, None] = {}
    for each in _type_at(operator.operator).__mro__:
        own = vars(each).get("__init__")
        for name, parameter in signature(own).parameters.items() if callable(own) else ():
            left = name.endswith("conn_id") and name not in operator.arguments
            if left and isinstance(parameter.default, str):
                found[parameter.default] = None
    return list(found)


def _type_at(path: str) -> type[BaseOperator]:
    module, _, name = path.rpartition(".")
    found: type[BaseOperator] = getattr(import_module(module), name)
    return found
