"""The source repository, read with git by path or address."""

import base64
import difflib
import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from slipway.run import Run
from slipway.steps.faults import CommandFailed, CommandTimedOut, RepositoryUnreachable, UnknownVersion
from slipway.steps.processes import Output, run_program
from slipway.steps.reach import connection

_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A `git` connection: its host is a path or an address, login and password are for https."""

    conn_id: str
    url: str
    secrets: dict[str, str] = field(repr=False)
    log: logging.Logger = field(repr=False)

    @classmethod
    def of(cls, run: Run) -> "Repository":
        """Return the environment's repository."""
        found = connection(run, "repository")
        secrets = {}
        if found.password:
            pair = base64.b64encode(f"{found.login or 'git'}:{found.password}".encode()).decode()
            # In the environment, not in argv, where every user of the machine could read it.
            secrets = {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "http.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
            }
        return cls(conn_id=found.conn_id, url=str(found.host or ""), secrets=secrets, log=run.log)

    def resolve(self, version: str) -> str:
        """Return the commit of a tag; a full commit id stands for itself.

        Raises UnknownVersion with the nearest tags, and RepositoryUnreachable.
        """
        tags = {}
        for line in self._git("ls-remote", "--tags", self.url).out:
            commit, _, name = line.partition("\trefs/tags/")
            # An annotated tag has two lines: its own id, and behind ^{} the commit that it names.
            tags[name.removesuffix("^{}")] = commit
        if version in tags:
            return tags[version]
        if re.fullmatch(r"[0-9a-f]{40}", version):
            return version
        nearest = difflib.get_close_matches(version, tags, n=3, cutoff=0.3) or sorted(tags)[-3:]
        raise UnknownVersion(self.url, version, nearest)

    def export(self, version: str, commit: str, folder: Path) -> str:
        """Write the files of a commit into `folder` and return the id of their tree."""
        with self._fetched(version, commit) as store:
            self._git(
                "--git-dir", str(store), "--work-tree", str(folder), "checkout", "--force", commit, "--", "."
            )
            return self._tree(store, commit)

    def tree_of(self, version: str, commit: str) -> str:
        """Return the id of the tree of a commit."""
        with self._fetched(version, commit) as store:
            return self._tree(store, commit)

    @contextmanager
    def _fetched(self, version: str, commit: str) -> Iterator[Path]:
        """Give a bare store that holds just this commit."""
        with tempfile.TemporaryDirectory(prefix="slipway-fetch-") as name:
            store = Path(name) / "store.git"
            self._git("init", "--quiet", "--bare", str(store))
            wanted = commit if version == commit else f"refs/tags/{version}"
            self._git("--git-dir", str(store), "fetch", "--quiet", "--depth=1", "--no-tags", self.url, wanted)
            yield store

    def _tree(self, store: Path, commit: str) -> str:
        return self._git("--git-dir", str(store), "rev-parse", f"{commit}^{{tree}}").out[0]

    def _git(self, *arguments: str) -> Output:
        env = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | self.secrets
        hide = [value.split()[-1] for key, value in self.secrets.items() if key == "GIT_CONFIG_VALUE_0"]
        try:
            return run_program(
                ["git", *arguments], log=None, cwd=Path("/"), env=env, timeout=_PATIENCE, hide=hide
            )
        except CommandFailed as error:
            why = next(
                (line for line in error.tail if line.startswith(("fatal:", "error:"))), str(error.status)
            )
            raise RepositoryUnreachable(self.conn_id, self.url, why) from error
        except CommandTimedOut as error:
            raise RepositoryUnreachable(self.conn_id, self.url, f"no answer in {_PATIENCE}") from error
