"""Write the golden reports anew: `python -m tests.report.write_golden`, then read the difference."""

from pathlib import Path

from tests.report.releases import RELEASES

from slipway.report.markdown import markdown
from slipway.report.short import short

GOLDEN = Path(__file__).parent / "golden"

if __name__ == "__main__":
    for name, make in RELEASES.items():
        (GOLDEN / f"{name}.md").write_text(markdown(make()))
        (GOLDEN / f"{name}.txt").write_text(short(make()))
