"""A source repository with branches, and a second one that is pushed to; real git, by file path."""

from dataclasses import dataclass
from pathlib import Path

from tests.steps.world import git


@dataclass(frozen=True, kw_only=True)
class Repositories:
    """`origin` is the source and `remote` what is deployed by pushing, both bare; `work` is a person's clone.

    In origin: main, and feature/scores one commit further.
    """

    root: Path

    @property
    def origin(self) -> Path:
        return self.root / "origin.git"

    @property
    def remote(self) -> Path:
        return self.root / "remote.git"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    def make(self) -> None:
        for folder in (self.origin, self.remote, self.work, self.workspace):
            folder.mkdir(parents=True)
        for bare in (self.origin, self.remote):
            git(bare, "init", "--quiet", "--bare", "--initial-branch=main")
        git(self.work, "init", "--quiet", "--initial-branch=main")
        git(self.work, "remote", "add", "origin", "../origin.git")  # a copy has its own
        self.commit("main", "app.py", "one\n")
        git(self.work, "branch", "feature/scores")
        self.commit("feature/scores", "scores.py", "scores\n")

    def commit(self, branch: str, file: str, text: str) -> str:
        """Commit a file on a branch, push it to origin, and return the commit."""
        if git(self.work, "branch", "--list", branch):
            git(self.work, "checkout", "--quiet", branch)
        (self.work / file).write_text(text)
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "-m", f"{file} on {branch}")
        git(self.work, "push", "--quiet", "--force", "origin", branch)
        return git(self.work, "rev-parse", branch)

    def take(self, branch: str) -> None:
        """Bring a branch of origin into the person's clone."""
        git(self.work, "fetch", "--quiet", "--force", "origin", f"{branch}:{branch}")

    def at(self, bare: Path, ref: str) -> str:
        """Return the commit of a branch or tag, "" without it."""
        known = dict(line.split()[::-1] for line in git(bare, "show-ref", "-d").splitlines())
        return str(known.get(f"{ref}^{{}}", known.get(ref, "")))

    def head(self, branch: str) -> str:
        return self.at(self.origin, f"refs/heads/{branch}")

    def deployed(self) -> str:
        """Return what main of the remote is at; "" before the first push."""
        refs = git(self.remote, "for-each-ref", "--format=%(objectname)", "refs/heads/main")
        return refs.strip()
