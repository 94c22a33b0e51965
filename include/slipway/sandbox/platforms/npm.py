"""What the practice machines have for npm: `npm ci` and `npm run SCRIPT`, with nothing to download.

A plan says `npm ci` as its document does, and whoever tries it out may have no Node. Scripts are run as npm
runs them; packages are refused, as the practice systems have none.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

USAGE = 2


def main(arguments: list[str]) -> int:
    """Run one command of npm in the current folder and return its status."""
    try:
        package = json.loads(Path("package.json").read_text())
        lock = json.loads(Path("package-lock.json").read_text())
    except (OSError, ValueError) as error:
        return _fail("ENOENT" if isinstance(error, OSError) else "EJSONPARSE", str(error))
    command, *rest = arguments or [""]
    if command == "ci":
        return _ci(package, lock)
    if command == "run" and rest:
        return _run(package, rest[0], rest[1:])
    return _fail("EUSAGE", f"npm {' '.join(arguments)}: only `npm ci` and `npm run SCRIPT` are here")


def _ci(package: dict[str, object], lock: dict[str, object]) -> int:
    """Install what the lock file says, afresh; it must agree with package.json."""
    if any(package.get(key) != lock.get(key) for key in ("name", "version")):
        return _fail("EUSAGE", "package.json and package-lock.json are not in sync")
    if package.get("dependencies"):
        return _fail("ENOTFOUND", "there is no registry here to install from")
    modules = Path("node_modules")
    modules.mkdir(exist_ok=True)
    (modules / ".package-lock.json").write_text(json.dumps(lock))
    print("added 0 packages")
    return 0


def _run(package: dict[str, object], name: str, arguments: list[str]) -> int:
    scripts = package.get("scripts")
    if not isinstance(scripts, dict) or name not in scripts:
        return _fail("EMISSINGSCRIPT", f'Missing script: "{name}"')
    if not Path("node_modules").is_dir():
        return _fail("ENOENT", "run `npm ci` first")
    print(f"> {package['name']}@{package['version']} {name}\n> {scripts[name]}", flush=True)
    given = arguments[1:] if arguments[:1] == ["--"] else arguments
    return subprocess.run(["sh", "-c", f'{scripts[name]} "$@"', "sh", *given], check=False).returncode


def _fail(code: str, said: str) -> int:
    print(f"npm error code {code}\nnpm error {said}", file=sys.stderr)
    return USAGE if code == "EUSAGE" else 1


if __name__ == "__main__":
    os.environ.setdefault("NODE_ENV", "production")
    sys.exit(main(sys.argv[1:]))
