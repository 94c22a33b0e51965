"""A server that is reached through SSH: connecting, and asking it something short."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slipway.run import Run
from slipway.steps.faults import CommandFailed
from slipway.steps.faults.ssh import ConnectionCut, HostKeyRefused, LoginRefused, ServerUnreachable
from slipway.steps.reach import connection

ANSWER_WITHIN = 60.0  # seconds; what lasts longer is a job (steps.ssh_job)
CONNECT_WITHIN = 10  # seconds
_LOST = -1  # paramiko's exit status of a channel that ended without one


@dataclass(frozen=True, kw_only=True)
class Server:
    """An open connection to a server."""

    conn_id: str
    client: Any

    def ask(self, script: str, *, what: str = "") -> tuple[int, str]:
        """Run a short script with sh; return exit status and output. Raises ConnectionCut.

        Bytes that are no UTF-8 (or half a character) stand in the output as surrogates.
        """
        import paramiko  # type: ignore[import-untyped]

        said = what or script
        try:
            _, output, _ = self.client.exec_command(
                f"exec sh -c {shlex.quote(script)}", timeout=ANSWER_WITHIN
            )
            text = output.read().decode(errors="surrogateescape")
            status = output.channel.recv_exit_status()
        except (paramiko.SSHException, EOFError, OSError) as error:
            why = (
                f"no answer in {ANSWER_WITHIN:g} s" if isinstance(error, TimeoutError) else _first_line(error)
            )
            raise ConnectionCut(self.conn_id, said, why) from error
        if status == _LOST:
            raise ConnectionCut(self.conn_id, said, "no exit status came")
        return status, text

    def say(self, script: str, *, what: str = "") -> str:
        """Return what a short script prints. Raises CommandFailed and ConnectionCut."""
        status, text = self.ask(f"{{ {script}\n}} 2>&1", what=what or script)
        if status:
            raise CommandFailed(what or script, status, text.splitlines()[-20:])
        return text.strip()


@contextmanager
def server(run: Run) -> Iterator[Server]:
    """Connect to the environment's server; its host key must be known, unless the connection says otherwise.

    Raises ServerUnreachable, LoginRefused and HostKeyRefused.
    """
    import paramiko
    from airflow.providers.ssh.hooks.ssh import SSHHook

    found = connection(run, "server")
    address = f"{found.login or ''}@{found.host}:{found.port or 22}"
    hook = SSHHook(
        ssh_conn_id=found.conn_id,
        conn_timeout=None if "conn_timeout" in found.extra_dejson else CONNECT_WITHIN,
        conn_retry_attempts=1,  # Airflow's retry is the second attempt
    )
    try:
        client = hook.get_conn()
    except paramiko.AuthenticationException as error:
        raise LoginRefused(found.conn_id, address) from error
    except paramiko.BadHostKeyException as error:
        raise HostKeyRefused(found.conn_id, address, "it shows another key than the known one") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        if "not found in known_hosts" in str(error):
            raise HostKeyRefused(found.conn_id, address, "its key is not known") from error
        raise ServerUnreachable(found.conn_id, address, _first_line(error)) from error
    try:
        yield Server(conn_id=str(found.conn_id), client=client)
    finally:
        client.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def look(run: Run) -> str:
    """Say who is logged in where; changes nothing."""
    with server(run) as there:
        return f"logged in as {there.say('id -un')} on {there.say('uname -n')}"
