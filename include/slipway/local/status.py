"""What runs, where, and who may sign in."""

from rich.console import Console
from rich.table import Table

from slipway.local.home import ROLES
from slipway.local.stack import Stack


def show_status(stack: Stack, console: Console) -> None:
    """Print the state of every component, the address, and the users with their passwords."""
    airflow = stack.airflow
    parts = Table("component", "state", "log", box=None, pad_edge=False)
    parts.add_row("postgres", _state(stack.has_database), "")
    for name, alive in airflow.status().items():
        parts.add_row(name, _state(alive), str(airflow.log(name)) if alive else "")
    console.print(parts)
    if not stack.is_running:
        return
    users = Table("user", "password", "may", box=None, pad_edge=False)
    for user, password in airflow.home.passwords().items():
        users.add_row(user, password, ROLES.get(user, "").lower())
    console.print(f"\nAirflow: {airflow.url}", highlight=False)
    console.print(users)


def _state(alive: bool) -> str:
    return "[green]runs[/]" if alive else "[bright_black]stopped[/]"
