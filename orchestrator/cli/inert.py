"""Making text inert: what a stranger wrote can be read in a terminal, and cannot act on it (R12)."""

from __future__ import annotations

import re
from typing import Final

# Everything that a terminal may obey or that hides text: C0 but for tab and newline, DEL and C1,
# line separators, direction overrides, interlinear marks, the byte order mark, lone surrogates, tags.
_ACTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def inert(text: str) -> str:
    """A text in which every control character is a visible escape; newline and tab stay."""
    return _ACTIVE.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str, characters_max: int = 200) -> str:
    """An inert text in one line, cut short where it is long."""
    line = " ".join(inert(text[: characters_max * 4]).split())
    return line if len(line) <= characters_max else line[: characters_max - 1] + "…"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
