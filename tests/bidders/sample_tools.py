"""Functions for tool bidders to find."""

from __future__ import annotations

import sys
import threading
from functools import wraps
from typing import Any

NOT_A_FUNCTION = 7
released = threading.Event()


def shout(text: str) -> str:
    return text.upper()


def two_texts(one: str, other: str) -> str:
    return one + other


@wraps(two_texts)
def completed(text: str) -> str:
    return two_texts(text, text)


def nothing_at_all() -> str:
    return "hi"


def split(text: str) -> list[str]:
    return text.split()


async def whisper(text: str) -> str:
    return text.lower()


def count(text: str) -> Any:
    return len(text)


def fail(text: str) -> str:
    raise ValueError("no")


def leave(text: str) -> str:
    sys.exit(3)


def block(text: str) -> str:
    released.wait()
    return text


def thread_kind(text: str) -> str:
    return f"daemon={threading.current_thread().daemon}"
