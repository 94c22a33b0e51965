"""The launcher's verbs. Run `./slipway --help`."""

import argparse
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

HERE = Path(__file__).resolve().parents[2]
DEFAULT_PLAN = "smart_personal_planner"

# The arguments of these verbs belong to the program that they call.
PASSED_THROUGH = ("test", "plan")
QUICK = "--quick"

Verb = Callable[[argparse.Namespace], int]


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(prog="./slipway", description="Deployment plans as Airflow DAGs.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _demo_arguments(_verb(verbs, "demo", "release v2 of a sandbox system by its plan and follow it", _demo))
    up = _verb(verbs, "up", "start the sandbox and Airflow, and stay until Ctrl-C", _up)
    up.add_argument("--plan", help="start only the system that this plan releases (default: all of them)")
    up.add_argument("--detach", action="store_true", help="leave them running and return")
    up.add_argument("--port", type=int, help="where Airflow's UI listens (default: 8080, or any free port)")
    _verb(verbs, "down", "stop everything that runs from this folder", _down)
    _verb(verbs, "status", "show what runs, the address and the users", _status)
    _verb(verbs, "test", "run the tests; --quick leaves out the slow ones; arguments go to pytest", _test)
    _verb(verbs, "check", "check style and types", _check)
    _verb(verbs, "plan", "list, check, explain or begin a deployment plan", _plan)
    doctor = _verb(verbs, "doctor", "say what is missing or wrong here, or for a plan, and the mend", _doctor)
    doctor.add_argument("plan", nargs="?", help="try every connection of this plan, only reading")
    return top


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, line: str, run: Verb
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=line, description=line)
    verb.set_defaults(run=run)
    return verb


def _demo_arguments(demo: argparse.ArgumentParser) -> None:
    from slipway.local.demo import SandboxFault

    demo.add_argument(
        "--plan", default=DEFAULT_PLAN, metavar="NAME", help="which plan (default: %(default)s)"
    )
    demo.add_argument(
        "--answer", choices=["go", "no-go"], help="answer the gates; without it you do, in the UI"
    )
    demo.add_argument("--fault", choices=[*SandboxFault], help="release a bad version instead")
    demo.add_argument("--pace", type=float, help="divide every waiting time of the plan by this")
    demo.add_argument("--port", type=int, help="where Airflow's UI listens (default: 8080, or any free port)")
    demo.add_argument("--detach", action="store_true", help="leave everything running at the end")


def _demo(arguments: argparse.Namespace) -> int:
    from slipway.local.demo import SandboxFault, Wish
    from slipway.local.rehearsal import read_plan, rehearse, running, systems_of
    from slipway.local.stack import Stack
    from slipway.words import GateAnswer

    console = Console()
    wish = Wish(
        plan=arguments.plan,
        answer=GateAnswer(arguments.answer.upper()) if arguments.answer else None,
        fault=SandboxFault(arguments.fault) if arguments.fault else None,
        pace=arguments.pace,
    )
    stack = Stack(port=arguments.port)
    plan = read_plan(stack.airflow.dags_folder, wish.plan)
    # The other systems would only take processor time from the release.
    with running(stack, systems_of(plan), console, leave=arguments.detach):
        granted = rehearse(stack, plan, wish, console)
        if not arguments.detach and wish.answer is None and sys.stdin.isatty():
            console.print(f"\nAirflow stays at {stack.airflow.url}. Ctrl-C to stop.", highlight=False)
            _until_interrupted()
    return 0 if granted else 1


def _until_interrupted() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.pause()


def _up(arguments: argparse.Namespace) -> int:
    from slipway.local.rehearsal import read_plan, running, systems_of
    from slipway.local.stack import Stack
    from slipway.local.status import show_status

    console, stack = Console(), Stack(port=arguments.port)
    plan = read_plan(stack.airflow.dags_folder, arguments.plan) if arguments.plan else None
    with running(stack, systems_of(plan) if plan else None, console, leave=arguments.detach):
        show_status(stack, console)
        if not arguments.detach:
            console.print("Ctrl-C to stop.")
            _until_interrupted()
    return 0


def _down(arguments: argparse.Namespace) -> int:
    from slipway.local.stack import Stack, uninterrupted

    with uninterrupted():
        Stack().stop()
    Console().print("stopped")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from slipway.local.stack import Stack
    from slipway.local.status import show_status

    stack = Stack()
    show_status(stack, Console())
    return 0 if stack.is_running else 1


def _test(arguments: argparse.Namespace) -> int:
    rest = [argument for argument in arguments.rest if argument != QUICK]
    chosen = ["-m", "not e2e and not slow"] if len(rest) < len(arguments.rest) else []
    # The whole suite goes in four processes: two mostly wait for Airflow, two compute. Without Airflow two
    # keep two cores busy.
    spread = [] if rest else ["-n", "2" if chosen else "4", "--dist", "loadscope", "--no-loadscope-reorder"]
    return subprocess.call([sys.executable, "-m", "pytest", *chosen, *spread, *rest], cwd=HERE)


def _check(arguments: argparse.Namespace) -> int:
    commands = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"])
    return max(subprocess.call([sys.executable, "-m", *each], cwd=HERE) for each in commands)


def _plan(arguments: argparse.Namespace) -> int:
    from slipway import plans_cli

    return plans_cli.main(arguments.rest)


def _doctor(arguments: argparse.Namespace) -> int:
    from slipway import plans_cli
    from slipway.local.doctor import examine

    return plans_cli.main(["doctor", arguments.plan]) if arguments.plan else examine(Console())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status: 0 done, 1 not as wished, 2 misused, 130 interrupted."""
    import httpx

    from slipway.errors import SlipwayError
    from slipway.local.demo import PlanNotThere
    from slipway.local.errors import LocalFault
    from slipway.sandbox.errors import SandboxError

    given = list(sys.argv[1:] if argv is None else argv)
    passes_through = given[:1] and given[0] in PASSED_THROUGH
    arguments = parser().parse_args(given[:1] if passes_through else given)
    arguments.rest = given[1:]
    try:
        run: Verb = arguments.run
        return run(arguments)
    except KeyboardInterrupt:
        return 130
    except (LocalFault, PlanNotThere, SandboxError, SlipwayError) as fault:
        print(f"slipway: {fault}", file=sys.stderr)
        return 1
    except httpx.HTTPError as fault:
        print(f"slipway: Airflow does not answer ({fault}). Look: ./slipway status", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
