"""The launcher's verb `plan`: list, check, explain, begin and examine deployment plans."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway.compile import compile_plan
from slipway.errors import SlipwayError
from slipway.explain import markdown, terminal
from slipway.plans_cli.loading import Loaded, find, load, load_all, load_named

FOLDER = Path(__file__).resolve().parents[3] / "dags"

Verb = Callable[[argparse.Namespace, Console], int]


def main(argv: Sequence[str], *, folder: Path = FOLDER, console: Console | None = None) -> int:
    """Run one verb; 0 done, 1 a plan has faults or is not there, 2 misused (raised by argparse)."""
    console = console or Console()
    arguments = _parser(folder).parse_args(argv)
    verb: Verb = arguments.run
    try:
        return verb(arguments, console)
    except SlipwayError as error:
        _say(console, str(error), style="red")
        return 1


def _parser(folder: Path) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="./slipway plan", description="Deployment plans, one file each in dags/."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, line: str, run: Verb, argument: str = "") -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=line, description=line)
        if argument:
            parser.add_argument("name", metavar="NAME", nargs=argument if argument == "?" else None)
        parser.set_defaults(run=run, folder=folder)
        return parser

    verb("list", "list the plans", _list)
    verb("check", "prove one plan or all, and name every fault", _check, "?")
    explain = verb("explain", "say what a plan does", _explain, "1")
    explain.add_argument("--markdown", action="store_true", help="as Markdown, as in the Airflow UI")
    verb("new", "begin a plan for a system of your own", _new, "1")
    verb("doctor", "try every connection of a plan, only reading", _doctor, "1")
    return top


def _list(arguments: argparse.Namespace, console: Console) -> int:
    found = load_all(arguments.folder)
    grid = Table("Name", "Title", "Risk", "Steps", box=None, padding=(0, 2, 0, 0))
    for each in found:
        plan = each.plan
        steps = f"{len(plan.on_staging)} + {len(plan.on_production)}" if plan else "-"
        title = Text(plan.title if plan else "it cannot be read", style="" if plan else "red")
        grid.add_row(each.name, title, str(plan.risk) if plan else "-", steps)
    console.print(grid if found else f"There is no plan in {arguments.folder}.")
    for each in found:
        _say_problems(each, console)
    return 1 if any(each.problems for each in found) else 0


def _check(arguments: argparse.Namespace, console: Console) -> int:
    folder: Path = arguments.folder
    found = [load_named(arguments.name, folder)] if arguments.name else load_all(folder)
    for each in found:
        if each.problems:
            _say_problems(each, console)
        else:
            _say(console, f"{each.name}: no fault", style="green")
    return 1 if any(each.problems for each in found) else 0


def _explain(arguments: argparse.Namespace, console: Console) -> int:
    loaded = load_named(arguments.name, arguments.folder)
    if loaded.plan is None:
        _say_problems(loaded, console)
        return 1
    graph = compile_plan(loaded.plan)
    if arguments.markdown:
        console.out(markdown(graph), end="", highlight=False)
    else:
        terminal(graph, console)
    return 0


def _new(arguments: argparse.Namespace, console: Console) -> int:
    from slipway.plans_cli.begin import begin

    path = begin(arguments.name, arguments.folder)
    _say(console, f"{path} is a plan that passes `./slipway plan check {arguments.name}`.")
    _say(console, "Change it from the top down; its comments say what. docs/writing-a-plan.md says the rest.")
    return 0


def _doctor(arguments: argparse.Namespace, console: Console) -> int:
    from slipway.plans_cli.doctor import examine, take_connections

    path = find(arguments.name, arguments.folder)
    take_connections()  # before the plan imports Airflow, which reads the address of its database then
    loaded = load(path)
    if loaded.plan is None:
        _say_problems(loaded, console)
        return 1
    return examine(loaded.plan, console)


def _say_problems(loaded: Loaded, console: Console) -> None:
    if not loaded.problems:
        return
    count = "1 fault" if len(loaded.problems) == 1 else f"{len(loaded.problems)} faults"
    _say(console, f"{loaded.name}: {count}", style="red")
    for number, problem in enumerate(loaded.problems, 1):
        _say(console, f"  {number}. {problem}")


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
