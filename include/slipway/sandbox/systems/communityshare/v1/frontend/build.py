"""Build the pages into build/. REACT_APP_FEATURE_MAINTENANCE=true adds what is behind the feature flag."""

import os
import shutil
from pathlib import Path

HERE = Path(__file__).parent
BUILD, FRESH = HERE / "build", HERE / ".build-new"
FEATURES = {"REACT_APP_FEATURE_MAINTENANCE": "maintenance.js"}


def main():
    shutil.rmtree(FRESH, ignore_errors=True)
    (FRESH / "static").mkdir(parents=True)
    behind_flags = set(FEATURES.values())
    wanted = [FEATURES[name] for name in FEATURES if os.environ.get(name) == "true" and (HERE / FEATURES[name]).exists()]
    for script in sorted(HERE.glob("*.js")):
        if script.name in wanted or script.name not in behind_flags:
            shutil.copy(script, FRESH / "static")
    tags = "\n".join(f'<script src="static/{name}"></script>' for name in wanted)
    version = (HERE.parent / "VERSION").read_text().strip()
    page = (HERE / "index.html").read_text().replace("{version}", version).replace("{scripts}", tags)
    (FRESH / "index.html").write_text(page)
    shutil.rmtree(BUILD, ignore_errors=True)
    FRESH.rename(BUILD)
    print(f"built {version}: {len(list((BUILD / 'static').iterdir()))} scripts")


if __name__ == "__main__":
    main()
