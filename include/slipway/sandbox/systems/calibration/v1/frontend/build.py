"""Build the front end into frontend/dist: the pages with their version, and a manifest of what was built."""

import hashlib
import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def main():
    version = (HERE.parent / "VERSION").read_text().strip()
    dist = HERE / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    files = {}
    for source in sorted(HERE.glob("*.*")):
        if source.suffix in (".html", ".js", ".css"):
            content = source.read_text().replace("{{version}}", version)
            (dist / source.name).write_text(content)
            files[source.name] = hashlib.sha256(content.encode()).hexdigest()
    (dist / "manifest.json").write_text(json.dumps({"version": version, "files": files}, indent=2))
    print(f"built {len(files)} files of {version} into {dist}")


if __name__ == "__main__":
    main()
