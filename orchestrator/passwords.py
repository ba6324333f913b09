"""Passwords in URLs, and options that hold a secret: nothing that is told, recorded or passed on may hold one."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"
# Before the host, up to the last @ before the options, for a password may hold what it should have escaped; or among
# the options, where PostgreSQL's library takes one, too.
_PASSWORD: Final = re.compile(r"(?<=//)([^/:@\s]*:)[^?\s]*(?=@)|([?&](?:ssl)?password=)[^&\s]*")
_SECRET: Final = re.compile(r"(token|secret|password|api_?key)$|(^|_)key$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether an option of this name is taken to hold what opens an account."""
    return _SECRET.search(name) is not None


def without_passwords(text: str, mask: str = MASK) -> str:
    """A text in which the passwords of URLs are withheld.

    Args:
        text: a URL, or a text that may hold some; what cannot be read as a URL is searched all the same.
        mask: what stands in their place.
    """
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}{mask}", text)
