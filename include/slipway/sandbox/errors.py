"""Faults of the practice range; each says where, what is wrong and how to mend it.

SandboxError
├── PostgresDidNotStart
├── ServiceDidNotStart
├── SupervisorIsNotRunning
├── UnknownSystem
└── UnknownTag
"""

from pathlib import Path


class SandboxError(Exception):
    """Any fault of the practice range."""


class PostgresDidNotStart(SandboxError):
    def __init__(self, data: Path, program: str, said: str) -> None:
        self.data, self.program, self.said = data, program, said
        super().__init__(
            f"PostgreSQL in {data} did not start. {program} says:\n{said}\n"
            "Mend what it names, or remove the folder to begin anew."
        )


class ServiceDidNotStart(SandboxError):
    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"{name}: {reason}. See log/service.log in the environment's folder.")


class SupervisorIsNotRunning(SandboxError):
    def __init__(self, state: Path) -> None:
        self.state = state
        super().__init__(f"No supervisor answers for {state}. Start the sandbox first (./slipway up).")


class UnknownSystem(SandboxError):
    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        super().__init__(f"The sandbox has no {name!r}. It has: {', '.join(known)}.")


class UnknownTag(SandboxError):
    def __init__(self, repository: Path, tag: str, known: list[str]) -> None:
        self.repository, self.tag, self.known = repository, tag, known
        super().__init__(f"{repository} has no tag {tag!r}. It has: {', '.join(known)}.")
