"""A program that must end well, e.g. a verification script of the release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Check
from slipway.run import Finding, Json, Run
from slipway.steps.processes import Output, run_program
from slipway.steps.reach import folder
from slipway.words import Answer


@dataclass(frozen=True, kw_only=True)
class CommandCheck(Check):
    """Run a program in the environment's folder and look at its exit status and output.

    "{home}", "{current}", "{release}" and "{version}" in an argument are replaced. Its output goes line by
    line into the task log. A program that is not there, or does not end in time, is an ERROR.

    :param argv: program and arguments; no shell
    :param inside: working folder below the environment's home
    :param variables: added to the program's environment
    :param status: exit statuses that pass
    :param output_has: text that standard output must contain
    """

    argv: Sequence[str]
    inside: str = "current"
    variables: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[int] = (0,)
    output_has: str = ""
    timeout: timedelta = timedelta(minutes=5)

    kind: ClassVar[str] = "command"
    needs: ClassVar[tuple[str, ...]] = ("host",)

    def probe(self, run: Run) -> Finding:
        """Run it and judge. Raises CommandNotFound, CommandTimedOut and FolderNotGiven."""
        home = folder(run, "host")
        output = run_program(
            [self._filled(argument, home, run) for argument in self.argv],
            log=run.log,
            cwd=home / self.inside,
            env={name: self._filled(text, home, run) for name, text in self.variables.items()},
            timeout=self.timeout,
            statuses=range(-256, 257),
        )
        return self.judge(output)

    def judge(self, output: Output) -> Finding:
        """Compare status and output with what is expected."""
        evidence: dict[str, Json] = {
            "argv": list(self.argv),
            "status": output.status,
            "seconds": output.seconds,
            "last_lines": list(output.tail),
        }
        program = Path(self.argv[0]).name
        if output.status not in self.status:
            last = f": {output.tail[-1]}" if output.tail else ""
            summary = f"{program} ended with status {output.status}{last}"
            return Finding(answer=Answer.FAIL, summary=summary, evidence=evidence)
        if self.output_has and self.output_has not in "\n".join(output.out):
            summary = f'the output of {program} does not contain "{self.output_has}"'
            return Finding(answer=Answer.FAIL, summary=summary, evidence=evidence)
        summary = f"{program} ended with status {output.status} after {output.seconds:g} s"
        return Finding(answer=Answer.PASS, summary=summary, evidence=evidence)

    def _filled(self, text: str, home: Path, run: Run) -> str:
        values = {
            "{home}": str(home),
            "{current}": str(home / "current"),
            "{release}": str(home / "releases" / run.version),
            "{version}": run.version,
        }
        for name, value in values.items():
            text = text.replace(name, value)
        return text
