"""Faults of reaching an environment: its connections, database, folders and service."""

from slipway.errors import StepFailed, StepImpossible


class RoleNotGiven(StepImpossible):
    """The environment names no connection for a role that the step needs."""

    def __init__(self, environment: str, role: str, used_by: str) -> None:
        self.environment, self.role, self.used_by = environment, role, used_by
        super().__init__(
            f"{environment}: has no {role} connection, and {used_by} needs it. Give the environment "
            f'`{role}="..."`.'
        )


class FolderNotGiven(StepImpossible):
    """An `fs` connection without a usable path."""

    def __init__(self, conn_id: str, path: str) -> None:
        self.conn_id, self.path = conn_id, path
        fault = f"its path {path} is no folder" if path else "has no path"
        super().__init__(
            f'connection "{conn_id}": {fault}. Set extra {{"path": ...}} to a folder that this worker can '
            "write."
        )


class DatabaseUnreachable(StepFailed):
    """The database server does not answer."""

    def __init__(self, conn_id: str, why: str) -> None:
        self.conn_id, self.why = conn_id, why
        super().__init__(
            f'connection "{conn_id}": {why}. See that PostgreSQL runs and that host and port of the '
            "connection are right."
        )


class DatabaseRefused(StepImpossible):
    """The database server answers, but does not let us in."""

    def __init__(self, conn_id: str, why: str) -> None:
        self.conn_id, self.why = conn_id, why
        super().__init__(
            f'connection "{conn_id}": {why}. Correct login, password or database (schema) of the connection.'
        )


class ServiceUnreachable(StepFailed):
    """The service does not answer, or answers with an error."""

    def __init__(self, conn_id: str, request: str, why: str) -> None:
        self.conn_id, self.request, self.why = conn_id, request, why
        super().__init__(
            f'connection "{conn_id}": {request}: {why}. '
            "See that the service runs (its own log says why not) and that host and port of the connection "
            "are right."
        )


class TokenRefused(StepImpossible):
    """The service does not accept the connection's token."""

    def __init__(self, conn_id: str, request: str, status: int) -> None:
        self.conn_id, self.request, self.status = conn_id, request, status
        super().__init__(
            f'connection "{conn_id}": {request} was refused with HTTP {status}. '
            "Set the connection's password to a token that the service accepts."
        )
