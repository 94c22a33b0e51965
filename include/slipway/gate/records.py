"""What is known about a gate when it is decided, and the decision itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from slipway.plan import Approval
from slipway.run import Json
from slipway.words import Answer, GateAnswer


class Way(StrEnum):
    """How an approval was answered."""

    FORM = "form"
    MARK = "mark"
    TIMEOUT = "timeout"
    NONE = "not answered"


@dataclass(frozen=True, kw_only=True)
class FormAnswer:
    """An answer given in the Required Actions form; Airflow itself recorded the person."""

    person: str
    at: datetime
    option: str
    rationale: str = ""
    override: str = ""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A row of the audit log that may have set a task's state: an attempt, not yet a fact.

    Airflow writes the row before it checks the permission, so a refused attempt leaves the same row.

    :param state: the state that was asked for, "" if the row does not say
    :param direct: whether it was about this very task and not about a group, a run or a neighbour
    """

    person: str
    at: datetime
    state: str
    note: str = ""
    direct: bool = True


@dataclass(frozen=True, kw_only=True)
class CriterionState:
    """A criterion of the gate with what its checks say now, one line each."""

    text: str
    answer: Answer
    findings: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is asked to go: everything that must be the same when it is shown, decided and deployed.

    :param commits: commit by staging step
    :param packages: SHA-256 of the package by staging step
    """

    digest: str
    parameters_digest: str
    commits: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One approval's task, and every trace of an answer to it.

    :param state: the task's state now
    :param ended_at: when it came to that state
    :param shown: what the question showed; None if it was never asked
    """

    task_id: str
    approval: Approval
    state: str
    ended_at: datetime | None
    shown: Release | None
    form: FormAnswer | None = None
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, kw_only=True)
class GateQuestion:
    """The question as it stands at the decision.

    :param requester: the user who triggered the release, "" if unknown
    :param window_open: whether the plan allows production now
    :param break_glass: the run parameter that opens a closed window, a reason long enough for the policy
    :param unproved: tasks on staging that left no proof of what they tried, though production must take that
    :param must_not_begin: why production may not begin whatever people say: the time for which it was planned
        is too long ago, or it is a rehearsal on a real system; "" if it may
    """

    release: Release
    criteria: Sequence[CriterionState]
    requester: str
    requester_may_approve: bool
    window_open: bool
    break_glass: str = ""
    must_not_begin: str = ""
    unproved: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class GivenApproval:
    """What became of one approval."""

    task_id: str
    role: str
    answer: GateAnswer
    person: str
    way: Way
    at: datetime | None
    rationale: str = ""
    override: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return it as a JSON object."""
        at = self.at.isoformat() if self.at else None
        return {**asdict(self), "answer": str(self.answer), "way": str(self.way), "at": at}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "GivenApproval":
        """Read back what `to_json` wrote."""
        at = datetime.fromisoformat(value["at"]) if value["at"] else None
        typed = {"answer": GateAnswer(value["answer"]), "way": Way(value["way"]), "at": at}
        return cls(**{**value, **typed})


@dataclass(frozen=True, kw_only=True)
class Decision:
    """GO or NO-GO, who gave it, and every reason against it."""

    answer: GateAnswer
    approvals: Sequence[GivenApproval]
    reasons: Sequence[str]
    release: Release

    def to_json(self) -> dict[str, Json]:
        """Return the decision as a JSON object."""
        return {
            "answer": str(self.answer),
            "approvals": [approval.to_json() for approval in self.approvals],
            "reasons": list(self.reasons),
            "digest": self.release.digest,
            "parameters_digest": self.release.parameters_digest,
            "commits": dict(self.release.commits),
            "packages": dict(self.release.packages),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Decision":
        """Read back what `to_json` wrote."""
        return cls(
            answer=GateAnswer(value["answer"]),
            approvals=tuple(GivenApproval.from_json(approval) for approval in value["approvals"]),
            reasons=tuple(value["reasons"]),
            release=Release(
                digest=value["digest"],
                parameters_digest=value["parameters_digest"],
                commits=value["commits"],
                packages=value.get("packages") or {},
            ),
        )
