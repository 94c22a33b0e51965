"""A server that is reached through SSH: connecting, and asking it something short."""

import shlex
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slipway.run import Run
from slipway.steps.faults import CommandFailed
from slipway.steps.faults.ssh import ConnectionCut, HostKeyRefused, LoginRefused, ServerUnreachable
from slipway.steps.reach import connection

ANSWER_WITHIN = 60.0  # seconds; what lasts longer is a job (steps.ssh_job)
CONNECT_WITHIN = 10  # seconds
LOGIN_WITHIN = 30  # seconds, each for the greeting and for the login
_LOST = -1  # paramiko's exit status of a channel that ended without one
# What paramiko calls a refused login too: no answer to it, and a connection that ended meanwhile.
_UNANSWERED = {
    "Authentication timeout": "no answer to the login within {seconds} s",
    "saw EOF": "it hung up during the login",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """An open connection to a server."""

    conn_id: str
    client: Any

    def ask(self, script: str, *, what: str = "") -> tuple[int, str]:
        """Run a short script with sh; return exit status and output.

        Raises ConnectionCut, also if the whole answer is not there after ANSWER_WITHIN: then the connection
        is closed, since paramiko itself would wait for ever.

        Bytes that are no UTF-8 (or half a character) stand in the output as surrogates.
        """
        import paramiko  # type: ignore[import-untyped]

        said, late = what or script, f"no answer within {ANSWER_WITHIN:g} s"
        with self._deadline() as over:
            try:
                _, output, _ = self.client.exec_command(f"exec sh -c {shlex.quote(script)}")
                text = output.read().decode(errors="surrogateescape")
                status = output.channel.recv_exit_status()
            except (paramiko.SSHException, EOFError, OSError) as error:
                why = late if over.is_set() else _first_line(error)
                raise ConnectionCut(self.conn_id, said, why) from error
        if status == _LOST:
            raise ConnectionCut(self.conn_id, said, late if over.is_set() else "no exit status came")
        return status, text

    def say(self, script: str, *, what: str = "", statuses: Collection[int] = (0,)) -> str:
        """Return what a short script prints. Raises CommandFailed and ConnectionCut.

        :param statuses: the exit statuses that are an answer
        """
        said = what or script
        status, text = self.ask(f"{{ {script}\n}} 2>&1", what=said)
        if status not in statuses:
            raise CommandFailed(f'connection "{self.conn_id}": {said}', status, text.splitlines()[-20:])
        return text.strip()

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Close the connection when the time is over, which the event then tells."""
        over, transport = threading.Event(), self.client.get_transport()

        def close() -> None:
            over.set()
            transport.close()

        timer = threading.Timer(ANSWER_WITHIN, close)
        timer.daemon = True
        timer.start()
        try:
            yield over
        finally:
            timer.cancel()


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
        auth_timeout=LOGIN_WITHIN,
        banner_timeout=LOGIN_WITHIN,
        conn_retry_attempts=1,  # Airflow's retry is the second attempt
    )
    try:
        client = hook.get_conn()
    except paramiko.AuthenticationException as error:
        why = next((why for text, why in _UNANSWERED.items() if text in str(error)), "")
        if why:
            raise ServerUnreachable(found.conn_id, address, why.format(seconds=LOGIN_WITHIN)) from error
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
