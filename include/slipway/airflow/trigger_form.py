"""The trigger form: run parameters with schemas that refuse nonsense.

Airflow's form (3.3.2) lets nobody trigger while a field is empty whose type leaves out "null", and does not
say so at the field. Its server holds the patterns against what was typed: a description says what they allow.
"""

from airflow.sdk import Param

from slipway.gate.policy import BREAK_GLASS_AT_LEAST
from slipway.plan import Parameter, Plan
from slipway.run import Json
from slipway.words import Intent

VERSION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
BREAK_GLASS = rf"^$|^.{{{BREAK_GLASS_AT_LEAST},500}}$"


def form_of(plan: Plan) -> dict[str, Param]:
    """Return the standard parameters and what the plan adds, in the form's order."""
    form = {
        "version": Param(
            type="string",
            pattern=VERSION,
            title="Version",
            description="The version to release. For a rollback, the version that is live and is to go. "
            "Letters, digits, dots, dashes and underscores, a letter or digit first, 64 at the most.",
        ),
        "intent": Param(
            str(Intent.RELEASE),
            type="string",
            enum=[str(intent) for intent in Intent],
            title="Intent",
            description="Release, or undo the last finished release from its record.",
        ),
    }
    return form | _choices(plan) | _added(plan) | _last()


def _choices(plan: Plan) -> dict[str, Param]:
    form = {}
    if plan.strategies:
        form["strategy"] = Param(
            plan.strategies[0].strategy,
            type="string",
            enum=[rollout.strategy for rollout in plan.strategies],
            title="Strategy",
            description=". ".join(f"{each.strategy}: {each.title.rstrip('.')}" for each in plan.strategies),
        )
    if plan.procedures:
        form["procedure"] = Param(
            None,
            type=["string", "null"],
            enum=[None, *(procedure.name for procedure in plan.procedures)],
            values_display={"null": "everything"},
            title="Rollback procedure",
            description="For a rollback: how far back to go.",
        )
    return form


def _added(plan: Plan) -> dict[str, Param]:
    return {
        each.name: Param(each.default, description=each.description, **_schema(each))
        for each in plan.parameters
    }


def _schema(parameter: Parameter) -> dict[str, Json]:
    """Return the parameter's schema; one whose default is empty may stay empty."""
    schema = dict(parameter.schema)
    kinds = schema.get("type")
    if parameter.default in (None, "") and kinds:
        schema["type"] = list(dict.fromkeys([*([kinds] if isinstance(kinds, str) else kinds), "null"]))
        schema |= {"enum": list(dict.fromkeys([None, *schema["enum"]]))} if "enum" in schema else {}
    return schema


def _last() -> dict[str, Param]:
    return {
        "pace": Param(
            1,
            type="number",
            minimum=1,
            maximum=10_000_000,
            title="Pace",
            description="Divides every waiting time. 1 is real time; more rehearses, in a practice range.",
        ),
        "break_glass": Param(
            "",
            type=["string", "null"],
            pattern=BREAK_GLASS,
            title="Break glass",
            description=f"A reason ({BREAK_GLASS_AT_LEAST} characters or more) to release outside the "
            "allowed window. It stands in bold in the report.",
        ),
    }
