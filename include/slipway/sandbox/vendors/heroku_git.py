"""The git repository of an app on the Heroku stand-in: a bare one that builds what it is given."""

import os
import subprocess
from pathlib import Path

# Heroku builds before it takes the push; a commit with this file in it cannot be built.
UNBUILDABLE = "BROKEN_BUILD"
# A file of shell in the repository that the next push runs first, e.g. "sleep 30" or "exit 1".
TROUBLE = "trouble"
_HOOK = f"""#!/bin/sh
if mv {TROUBLE} {TROUBLE}.told 2>/dev/null; then . ./{TROUBLE}.told; fi
while read old new ref; do
  test "$ref" = refs/heads/main || {{ echo " !	Pushed to non-main branch, skipping build."; continue; }}
  echo "-----> Building on the Heroku-24 stack"
  echo "-----> Using buildpack: heroku/python"
  if git cat-file -e "$new:{UNBUILDABLE}" 2>/dev/null; then
    echo " !     Error: Couldn't install the packages."
    echo " !     Push rejected, failed to compile Python app."
    exit 1
  fi
  echo "-----> Compressing..."
  echo "-----> Launching..."
done
"""


def make_repository(path: Path) -> None:
    """Make an empty repository that takes pushes as Heroku's does."""
    path.mkdir(parents=True, exist_ok=True)
    _git(path, "init", "--quiet", "--bare", "--initial-branch=main", ".")
    hook = path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_HOOK)
    hook.chmod(0o755)


def head_of(path: Path) -> str:
    """Return the commit that main is at, "" before the first push."""
    return _git(path, "for-each-ref", "--format=%(objectname)", "refs/heads/main").strip()


def _git(path: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    safe = environment | {"GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *arguments], cwd=path, env=safe, check=True, capture_output=True, text=True)
    return done.stdout
