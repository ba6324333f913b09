"""What the rivals tell a model: files beside the code, filled in with texts that stay data (R12)."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import count
from pathlib import Path
from string import Template

from orchestrator.bidding.model import Message

_FOLDER = Path(__file__).parent / "prompts"


def fill(name: str, **texts: str) -> tuple[Message, Message]:
    """A prompt with texts put in; what they hold is not looked at again.

    Args:
        name: a file of `prompts/`.
        texts: by the names that the file has for them; `mark` is added, which none of them contains.
    """
    words = {**texts, "mark": mark_for(*texts.values())}
    system, user = _parts(name)
    return Message("system", Template(system).substitute(words)), Message("user", Template(user).substitute(words))


def quote(label: str, text: str) -> str:
    """A model's answer between marks that it does not contain, for a prompt that shows several."""
    mark = mark_for(text)
    return f"<{label}-{mark}>\n{text}\n</{label}-{mark}>"


def mark_for(*texts: str) -> str:
    """A mark drawn from some texts that occurs in none of them, so that none can close its own quotation."""
    joined = "\x1f".join(texts)
    key = hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    draws = (hashlib.blake2b(str(number).encode(), key=key).hexdigest()[:8] for number in count())
    return next(mark for mark in draws if mark not in joined)


@cache
def _parts(name: str) -> tuple[str, str]:
    text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    system, _, user = text.removeprefix("# System\n").partition("# User\n")
    return system.strip(), user.strip()
