"""Faults of what the build made."""

from collections.abc import Sequence

from slipway.errors import StepImpossible


class ArtifactMissing(StepImpossible):
    """The build left nothing of that name."""

    def __init__(self, folder: str, name: str, there: Sequence[str]) -> None:
        self.folder, self.name, self.there = folder, name, tuple(there)
        listed = ", ".join(self.there[:10]) or "nothing"
        super().__init__(
            f'{folder}: holds no "{name}". It holds: {listed}. See that the build of this version ran, and '
            "that the artifacts connection names its folder."
        )


class ArtifactOutside(StepImpossible):
    """A name leads out of the artifacts folder."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder, self.name = folder, name
        super().__init__(f'{folder}: "{name}" leads out of it. Give a path inside the artifacts folder.')
