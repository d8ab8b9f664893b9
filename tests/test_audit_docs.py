"""docs/audit.md says of every action what it is recorded of."""

import re
from pathlib import Path

from auth.attempts import Reason
from models import AuditAction

DOCS = (Path(__file__).parent.parent / "docs/audit.md").read_text()


def test_every_action_is_told_and_no_other() -> None:
    """The vocabulary is closed; three of its words are not used."""
    rows = "".join(line for line in DOCS.splitlines() if line.startswith("| `"))
    told = set(re.findall(r"`([a-z_]+\.[a-z]+)`", rows.replace("`verifyToken`", "")))
    assert told | {"tenant.moved", "sign_in.failed", "audit.verified"} == set(AuditAction)


def test_every_reason_of_a_refusal_at_the_door_is_told() -> None:
    """But for the one that has an action of its own."""
    assert [each for each in Reason if f"`{each}`" not in DOCS] == [Reason.THROTTLED]
