"""Starting a process that outlives this one on purpose."""

import subprocess


class Detached(subprocess.Popen[bytes]):
    """A process in a session of its own, which no Ctrl-C reaches; nothing warns that it still runs."""

    def __init__(self, argv: list[str], **how: object) -> None:
        super().__init__(argv, stdin=subprocess.DEVNULL, start_new_session=True, **how)  # type: ignore[call-overload]

    def __del__(self) -> None:
        """Leave it alone; Popen would say that it still runs."""
