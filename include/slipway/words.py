"""The words that Slipway uses everywhere: in code, in the UI, in docs and in logs."""

from enum import StrEnum


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Severity(StrEnum):
    """How bad a breach is; the decision matrix says what follows from each."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Action(StrEnum):
    """What follows from a breach, mildest first; the strongest of several wins."""

    CONTINUE = "continue"
    ALERT = "alert"
    ASK = "ask"
    FLAGS_OFF = "turn the flags off"
    ROLL_BACK = "roll back"
    ROLL_BACK_AND_RESTORE = "roll back and restore"

    @property
    def rank(self) -> int:
        """Position in the order of strength, 0 is the mildest."""
        return list(Action).index(self)

    @property
    def ends_the_watch(self) -> bool:
        """Whether a breach with this action stops the release where it is."""
        return self.rank >= Action.ASK.rank

    @property
    def undoes(self) -> bool:
        """Whether this action starts undo tasks."""
        return self.rank >= Action.FLAGS_OFF.rank


class Outcome(StrEnum):
    """How a release ended. Only RELEASED paints the run green."""

    RELEASED = "RELEASED"
    ROLLED_BACK = "ROLLED_BACK"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    REJECTED = "REJECTED"
    ABORTED = "ABORTED"
    HELD = "HELD"


class Answer(StrEnum):
    """What a check answers. No data is INCONCLUSIVE, never PASS."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class GateAnswer(StrEnum):
    GO = "GO"
    NO_GO = "NO-GO"
    DEFER = "DEFER"


class Phase(StrEnum):
    """A part of a release; each is a task group in the UI."""

    PREFLIGHT = "preflight"
    STAGING = "staging"
    VALIDATION = "validation"
    GATE = "gate"
    PRODUCTION = "production"
    VERIFICATION = "verification"
    ROLLOUT = "rollout"
    WATCH = "watch"
    ROLLBACK = "rollback"
    NOTICES = "notices"
    CLOSEOUT = "closeout"


NO_PROOF = "left no proof of what it tried: it was marked by hand, or skipped"  # said of a task on staging


class Intent(StrEnum):
    """Why a release run was triggered."""

    RELEASE = "release"
    ROLL_BACK = "roll_back"
