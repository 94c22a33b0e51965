"""The demo around its release: what is started before, compared after, and ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from slipway.environment import Environment
from slipway.local.demo import PlanNotThere, Wish, release, tell
from slipway.local.differences import differences, flat
from slipway.local.stack import Stack, interruptible, uninterrupted
from slipway.plan import Plan
from slipway.plans_cli.loading import load_named
from slipway.words import Outcome

WATCH = timedelta(seconds=10)  # what a rehearsal shortens the watch to, if its checkpoints allow
REASON = "A rehearsal in the sandbox, at the hour at which it is tried"


@contextmanager
def running(stack: Stack, systems: list[str] | None, console: Console, *, leave: bool) -> Iterator[None]:
    """Have the stack run inside the block; end it after, unless it ran before or is to be left."""
    ran_before = stack.is_running
    with interruptible():
        try:
            console.print(
                "starting the sandbox and Airflow" if not ran_before else "Airflow is already running"
            )
            stack.start(systems)
            yield
        except BaseException:
            leave = False
            raise
        finally:
            if not ran_before and not leave:
                with uninterrupted():
                    console.print("stopping Airflow and the sandbox; ./slipway up shows the release again")
                    stack.stop()


def rehearse(stack: Stack, plan: Plan, wish: Wish, console: Console) -> bool:
    """Release the wish's version in a fresh sandbox; say what came of it and whether it was asked for."""
    before: dict[str, Any] = {}

    def reset() -> None:
        for each in (plan.staging, plan.production):
            console.print(f"resetting {each.label} to v1", highlight=False)
            stack.sandbox.reset(each.system, each.name)
        before.update(_fingerprint(stack, plan.production))

    wish = rehearsal_of(plan, wish)
    ending = release(stack.airflow, wish, console, ready=reset)
    granted = tell(ending, wish, console)
    same = compare(before, _fingerprint(stack, plan.production), plan.production, console)
    # A release changes the environment, and a procedure that goes back part of the way keeps the rest.
    return granted and (same or ending.outcome in (Outcome.RELEASED, Outcome.HELD))


def rehearsal_of(plan: Plan, wish: Wish) -> Wish:
    """Return the wish with what a rehearsal needs.

    A pace that shortens the watch, a reason for the hour, and what only a person could say in earnest.
    """
    return replace(
        wish,
        pace=wish.pace or max(1.0, plan.watch.length / WATCH),
        break_glass=REASON if plan.windows else "",
        keeps=any(procedure.back_to for procedure in plan.procedures),
        parameters={each.name: each.rehearsed for each in plan.parameters if each.rehearsed is not None},
    )


def read_plan(dags_folder: Path, name: str) -> Plan:
    """Return the plan of that name; raise UnknownPlan without its file, PlanNotThere when it has faults."""
    found = load_named(name, dags_folder)
    if found.plan is None:
        raise PlanNotThere(name, {str(found.path): "\n".join(found.problems)})
    return found.plan


def systems_of(plan: Plan) -> list[str]:
    """Return the sandbox's systems that a plan releases to."""
    return sorted({plan.staging.system, plan.production.system})


def _fingerprint(stack: Stack, environment: Environment) -> dict[str, Any]:
    return stack.sandbox.fingerprint(environment.system, environment.name)


def compare(
    before: dict[str, Any], after: dict[str, Any], environment: Environment, console: Console
) -> bool:
    """Print what differs between two fingerprints; return whether they are the same."""
    changed = differences(before, after)
    if not changed:
        count = len(flat(before))
        console.print(f"{environment.label} is as it was before: {count} facts compared", highlight=False)
    else:
        console.print(f"{environment.label} changed:", highlight=False)
        for line in changed:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    return not changed
