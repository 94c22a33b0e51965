"""Begin a plan: write a file that passes the check and says what to change."""

import keyword
import re
from pathlib import Path
from string import Template

from slipway.errors import SlipwayError
from slipway.kinds import in_words

TEMPLATE = Path(__file__).with_name("new_plan.txt")


class PlanExists(SlipwayError):
    """There is a file of that name already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is there already. Choose another name, or change that file.")


class NotAName(SlipwayError):
    """A name that cannot be a file's, a plan's and a DAG's."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f'"{name}" cannot be the name of a plan. Write it in lower case with underscores, a letter '
            "first, e.g. web_shop_checkout."
        )


def begin(name: str, folder: Path) -> Path:
    """Write folder/NAME.py and return its path; raises NotAName and PlanExists."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise NotAName(name)
    path = folder / f"{name}.py"
    folder.mkdir(parents=True, exist_ok=True)
    text = Template(TEMPLATE.read_text()).substitute(name=name, title=in_words(name))
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError as error:
        raise PlanExists(path) from error
    return path
