"""The folder in which a local Airflow keeps its secrets, logs and process records."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

# Who can sign in, with the least role that serves: USER may trigger, mark tasks and answer a gate; VIEWER
# only reads. The service user must mark too: a NO-GO closes the gate's other questions. It is nobody's
# approver, so no gate passes by it.
ROLES = {
    "admin": "ADMIN",
    "release_manager": "USER",
    "product_owner": "USER",
    "engineering_manager": "USER",
    "devops_lead": "USER",
    "tech_lead": "USER",
    "viewer": "VIEWER",
    "slipway": "USER",
}

SERVICE_USER = "slipway"

# Python looks through all that Airflow keeps for garbage so often that it takes a seventh of a scheduler's
# time (sampled). In a release of 127 tasks it took 73 s of processor time, and 60 s with this and less load.
COLLECT_SELDOM = "import gc\n\ngc.set_threshold(20_000, 20, 50)\n"


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where one local Airflow lives."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def records(self) -> Path:
        return self.folder / "run"

    @property
    def passwords_file(self) -> Path:
        return self.folder / "passwords"

    def prepare(self) -> None:
        """Create the folders, and the secrets that are not there yet."""
        for folder in (self.folder, self.logs, self.records):
            folder.mkdir(parents=True, exist_ok=True)
        local_settings = self.folder / "config" / "airflow_local_settings.py"  # each component imports it
        local_settings.parent.mkdir(exist_ok=True)
        local_settings.write_text(COLLECT_SELDOM)
        self.passwords()
        self.secret("fernet")
        self.secret("jwt")

    def passwords(self) -> dict[str, str]:
        """Return the password of each user; one is made for each user that has none."""
        kept: dict[str, str] = {}
        if self.passwords_file.exists():
            kept = json.loads(self.passwords_file.read_text())
        missing = {user: secrets.token_urlsafe(12) for user in ROLES if user not in kept}
        if missing:
            kept |= missing
            write_private(self.passwords_file, json.dumps(kept) + "\n")
        return kept

    def secret(self, name: str) -> str:
        """Return the secret of that name, made once: 32 random bytes in URL-safe base64."""
        file = self.folder / f"{name}.key"
        if not file.exists():
            write_private(file, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)
