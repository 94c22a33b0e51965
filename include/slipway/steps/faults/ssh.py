"""What can go wrong on a server that is reached through SSH."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible


class ServerUnreachable(StepFailed):
    """No SSH connection could be made."""

    def __init__(self, conn_id: str, address: str, why: str) -> None:
        self.conn_id, self.address, self.why = conn_id, address, why
        super().__init__(
            f'connection "{conn_id}": no SSH connection to {address}: {why}. See that the server runs and '
            "that its port is open from this worker."
        )


class LoginRefused(StepImpossible):
    """The server does not let this login in."""

    def __init__(self, conn_id: str, address: str) -> None:
        self.conn_id, self.address = conn_id, address
        super().__init__(
            f'connection "{conn_id}": {address} refused the login. Set the login and its password or '
            "private_key in the connection, and put the public key into authorized_keys there."
        )


class HostKeyRefused(StepImpossible):
    """The server's host key is unknown, or another than before."""

    def __init__(self, conn_id: str, address: str, why: str) -> None:
        self.conn_id, self.address, self.why = conn_id, address, why
        super().__init__(
            f'connection "{conn_id}": {address} cannot prove that it is that server ({why}). Compare its key '
            "on the server itself (ssh-keyscan alone proves nothing), then put it into the connection's "
            'extra as "host_key": "ssh-ed25519 AAAA...".'
        )


class ConnectionCut(StepFailed):
    """The connection broke off; what was begun on the server may go on there."""

    def __init__(self, conn_id: str, what: str, why: str) -> None:
        self.conn_id, self.what, self.why = conn_id, what, why
        super().__init__(
            f'connection "{conn_id}": cut off at `{what}`: {why}. What was begun goes on on the server; the '
            "next try joins it there and starts nothing twice."
        )


class CommandVanished(StepFailed):
    """A command ended on the server without leaving its exit status, e.g. because the server restarted."""

    def __init__(self, conn_id: str, what: str) -> None:
        self.conn_id, self.what = conn_id, what
        super().__init__(
            f'connection "{conn_id}": `{what}` ended without an exit status: it was killed, or the server '
            "restarted. See the server's own log; the next try starts it anew."
        )


class WrongCommit(StepFailed):
    """The checked-out commit is not the tag's."""

    def __init__(self, conn_id: str, folder: str, expected: str, found: str, *, undoes: bool = False) -> None:
        self.conn_id, self.folder, self.expected, self.found = conn_id, folder, expected, found
        then = "the next try, also after you clear this task, checks out and builds it once more."
        if undoes:
            then = f"check out {expected[:12]} there, or what this release left there, and clear this task."
        super().__init__(
            f'connection "{conn_id}": {folder} is at commit {found[:12]} and not at {expected[:12]} after '
            f"the checkout. See who else works in that folder, or which of the commands moves it; {then}"
        )


class CheckedOutSince(StepImpossible):
    """Somebody checked something else out after the step that is to be undone."""

    def __init__(self, conn_id: str, folder: str, found: str, ours: str) -> None:
        self.conn_id, self.folder, self.found, self.ours = conn_id, folder, found, ours
        super().__init__(
            f'connection "{conn_id}": {folder} is at {found}, and this release left it at commit '
            f"{ours[:12]}: somebody deployed since. It was left as it is. Ask who did; if it is to go, check "
            f"out {ours[:12]} there and clear this task, else mark it success."
        )


class InstanceUnwell(StepFailed):
    """An instance did not come back well from its restart; those after it were not touched."""

    def __init__(
        self, instance: str, expected: str, found: str, seconds: float, untouched: tuple[str, ...]
    ) -> None:
        self.instance, self.expected, self.found, self.untouched = instance, expected, found, untouched
        rest = f"Not touched: {', '.join(untouched)}. " if untouched else ""
        super().__init__(
            f"{instance}: {seconds:g} s after its restart it should be well with version {expected}, and "
            f"{found}. {rest}Read the instance's own log, or give it longer (`confirm_within`). The next "
            "try, also after you clear this task, restarts it once more unless it is well by then."
        )


class VersionBeforeUnknown(InstanceUnwell):
    """Instances reported no version before the restart, so that nothing says what to go back to."""

    def __init__(self, instances: Sequence[str], now: str) -> None:
        self.instances, self.now = tuple(instances), now
        self.instance, self.expected, self.found, self.untouched = self.instances[0], "", "", ()
        StepFailed.__init__(
            self,
            f"{', '.join(instances)}: reported no version before the restart, so an undo would have nothing "
            f"to go back to. {now}",
        )
