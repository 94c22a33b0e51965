"""What the build of CPR leaves: packages of the API and of the web application, and the SQL scripts."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.sandbox import repository
from slipway.sandbox.layout import System

NOT_OF_THE_API = ("ui", "tests", "database", "migrations", "alembic.ini", "pytest.ini", ".gitignore")
_LONG_AGO = (2025, 10, 9, 0, 0, 0)  # the same bytes at every build


def ensure_artifacts(root: Path) -> Path:
    """Build every version of the repository into one folder, or anew when the templates changed since."""
    folder = root / "sandbox" / System.GOALS / "artifacts"
    stamp, wanted = folder / ".digest", repository.digest(System.GOALS)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "migrations" / "down").mkdir(parents=True)
    source = repository.ensure_repository(root, System.GOALS)
    for tag in repository.tags(source):
        with TemporaryDirectory() as name:
            tree = Path(name) / tag
            repository.export(source, tag, tree)
            _build(tree, tag, folder)
    stamp.write_text(wanted)
    return folder


def _build(tree: Path, tag: str, folder: Path) -> None:
    api = {
        path: path.read_bytes() for path in _files(tree) if path.parts[len(tree.parts)] not in NOT_OF_THE_API
    }
    (folder / f"cpr-api-{tag}.zip").write_bytes(_zip(tree, api))
    pages = {p: p.read_bytes().replace(b"__VERSION__", tag.encode()) for p in _files(tree / "ui")}
    (folder / f"cpr-ui-{tag}.zip").write_bytes(_zip(tree / "ui", pages))
    shutil.copyfile(tree / "database" / "upgrade.sql", folder / "migrations" / f"{tag}.sql")
    for script in (tree / "database").glob("down/*.sql"):
        shutil.copyfile(script, folder / "migrations" / "down" / script.name)


def _files(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*") if path.is_file())


def _zip(tree: Path, files: dict[Path, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(str(path.relative_to(tree)), _LONG_AGO), content)
    return made.getvalue()
