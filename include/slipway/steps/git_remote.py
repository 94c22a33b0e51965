"""A git repository that is read from and pushed to, and what git says when it refuses."""

import base64
import difflib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from slipway.run import Run
from slipway.steps.faults import CommandFailed, CommandTimedOut, RepositoryUnreachable
from slipway.steps.faults.branches import BranchMissing
from slipway.steps.processes import Output, run_program
from slipway.steps.reach import connection

PATIENCE = timedelta(minutes=10)
ANSWERS_WITHIN = timedelta(minutes=1)  # to what is only a list
_TELLING = re.compile(r"^(fatal:|error:|remote:| ! )")
_REFUSED = "terminal prompts disabled"  # git would ask a person for another login now
_EMPTY = re.compile(r"^remote:\s*$")


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Where git reads and pushes. The password goes through git's environment, never through argv.

    :param url: a path or an address that git understands
    """

    conn_id: str
    url: str
    login: str = "git"
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, run: Run, role: str) -> "Remote":
        """Return the repository of a role with a `git` connection. Raises RoleNotGiven, MissingConnection."""
        found = connection(run, role)
        return cls(
            conn_id=found.conn_id,
            url=str(found.host or ""),
            login=found.login or "git",
            password=found.password or "",
        )

    def heads(self) -> dict[str, str]:
        """Return the commit of each branch. Raises RepositoryUnreachable."""
        return dict(_refs(self._list("--heads"), "refs/heads/"))

    def tags(self) -> dict[str, str]:
        """Return what each tag is; an annotated one stands twice, its commit under "<tag>^{}"."""
        return dict(_refs(self._list("--tags"), "refs/tags/"))

    def branch(self, name: str) -> str:
        """Return the commit of a branch. Raises BranchMissing with the nearest names."""
        heads = self.heads()
        if name not in heads:
            nearest = difflib.get_close_matches(name, heads, n=3, cutoff=0.3) or sorted(heads)[:3]
            raise BranchMissing(self.conn_id, name, nearest)
        return heads[name]

    def _list(self, what: str) -> Sequence[str]:
        return self.read("ls-remote", what, self.url, timeout=ANSWERS_WITHIN).out

    def read(self, *arguments: str, cwd: Path = Path("/"), timeout: timedelta = PATIENCE) -> Output:
        """Run a git command that only reads from it. Raises RepositoryUnreachable."""
        try:
            return self.git(*arguments, cwd=cwd, timeout=timeout)
        except CommandFailed as error:
            why = " ".join(telling(error.tail)) or f"git ended with status {error.status}"
            raise RepositoryUnreachable(self.conn_id, self.url, why) from error
        except CommandTimedOut as error:
            raise RepositoryUnreachable(self.conn_id, self.url, f"no answer in {timeout}") from error

    def git(
        self, *arguments: str, cwd: Path, timeout: timedelta, log: logging.Logger | None = None
    ) -> Output:
        """Run git with this repository's login. Raises CommandFailed and CommandTimedOut."""
        return run_program(
            ["git", *arguments],
            log=log,
            cwd=cwd,
            env={"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | self._login(),
            timeout=timeout,
            hide=[self._pair(), self.password],
        )

    def _login(self) -> dict[str, str]:
        if not self.password or not self.url.startswith("http"):
            return {}
        place = urlsplit(self.url)
        # For this host alone, so that no redirect carries the token elsewhere.
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{place.scheme}://{place.netloc}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {self._pair()}",
        }

    def _pair(self) -> str:
        pair = f"{self.login}:{self.password}".encode()
        return base64.b64encode(pair).decode() if self.password else ""


def telling(lines: Sequence[str]) -> list[str]:
    """Return the lines of git's output that say why; all of them if none stands out."""
    found = [line for line in lines if _TELLING.match(line) and not _EMPTY.match(line)]
    return [
        "it refuses the login: the token is wrong, expired or missing"
        if _REFUSED in line
        else " ".join(line.split())
        for line in found or lines
    ]


def _refs(lines: Sequence[str], folder: str) -> list[tuple[str, str]]:
    split = (line.partition("\t") for line in lines)
    return [(name.removeprefix(folder), commit) for commit, _, name in split if name.startswith(folder)]
