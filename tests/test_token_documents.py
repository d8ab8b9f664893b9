"""What docs/tokens.md publishes is what the server does."""

import re
from pathlib import Path
from typing import Any

from auth.token import TOKEN_PATTERN, TokenPrefix, is_well_formed, mint

PAGE = Path(__file__).parent.parent / "docs" / "tokens.md"


def test_the_published_pattern_is_ours() -> None:
    """Scanners look for what the server takes."""
    assert f"```\n{TOKEN_PATTERN}\n```" in PAGE.read_text()


def test_the_published_program_tells_tokens_from_others() -> None:
    """It says of every token what we say of it, and of one that is mistyped."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    known: dict[str, Any] = {}
    exec(program, known)  # noqa: S102  (our own page)
    for text in (mint(prefix).reveal() for prefix in TokenPrefix for _ in range(20)):
        swapped = text[:-2] + text[-1] + text[-2]
        assert known["is_token"](text)
        assert known["is_token"](swapped) == is_well_formed(swapped)
    [example] = re.findall(r"`(tnt_svc_[0-9A-Za-z]{38})`", PAGE.read_text())
    assert known["is_token"](example)
