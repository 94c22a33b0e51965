"""Smoke tests of the version that is checked out, before any server runs it: no port, no database."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("DATABASE_URL", "")


def main():
    import application

    app = application.build()
    for method, path, _ in application.ROUTES:
        assert app.find(method, path.replace("{id}", "1")), f"{method} {path} is not served"
    assert app.version == (HERE / "VERSION").read_text().strip()
    print(f"smoke: {len(application.ROUTES)} routes of {app.version} are served")


if __name__ == "__main__":
    main()
