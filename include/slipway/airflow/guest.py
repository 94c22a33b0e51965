"""The guards of an operator of Airflow's own that stands in a plan as a step."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.gather import gather, verdict_in_force
from slipway.airflow.step import left_alone, require_go
from slipway.errors import StepImpossible
from slipway.graph import Node, ReleaseGraph
from slipway.masking import masked_texts
from slipway.run import Evidence
from slipway.undoing import Fate, way_of


def guard(node: Node, graph: ReleaseGraph, digest: str) -> dict[str, Any]:
    """Return the hooks that let a guest act in production only after the GO, and prove that it ran."""

    def before(context: Mapping[str, Any]) -> None:
        try:
            require_go(context, graph, node, digest)
        except StepImpossible as refused:
            raise AirflowFailException(str(refused)) from None

    def after(context: Mapping[str, Any], result: Any = None) -> None:
        proof = {"result": masked_texts(result) if isinstance(result, str | int | float | bool) else ""}
        context["ti"].xcom_push(key="evidence", value=Evidence(proof=proof, summary=node.title).to_json())

    return {"pre_execute": before, "post_execute": after}


def guard_undo(node: Node, graph: ReleaseGraph) -> dict[str, Any]:
    """Return the hooks that let a guest undo only what ran, and prove that it did."""

    def before(context: Mapping[str, Any]) -> None:
        verdict = verdict_in_force(context)
        if verdict is None:
            raise AirflowFailException("There is no verdict, so nothing says that this should be undone.")
        way = way_of(graph, gather(context, graph), verdict, node)
        if way.fate is not Fate.UNDO:
            raise left_alone(context, node, way)

    def after(context: Mapping[str, Any], result: Any = None) -> None:
        done = {
            "undone": True,
            "why": f"{node.undoes} ran.",
            "evidence": Evidence(summary=node.title).to_json(),
        }
        context["ti"].xcom_push(key="evidence", value=done)

    return {"pre_execute": before, "post_execute": after}
