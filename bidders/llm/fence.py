"""Fencing: strangers' text is shown to a model between marks that it cannot contain (R12).

The mark is drawn from the very texts that it fences, and drawn again where one of them holds it. So
nobody can write a text that closes its own fence, whether or not he knows any seed; and bidders who
are shown the same state send the same prefix, which providers cache.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final, NamedTuple

_MARK_CHARACTERS: Final = 8
_LABEL_CHARACTERS_MAX: Final = 40

# Control characters, direction overrides, invisible tags and halves of surrogate pairs; joiners stay, for scripts
# and emoji need them.
_ACTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# What chat templates put between turns: a server that fills a template may read these as turns.
_TURNS: Final = re.compile(
    r"<(?=[|\uff5c])"
    r"|(?<=[|\uff5c])>"
    r"|<(?=/?(?:s|bos|eos|start_of_turn|end_of_turn|im_start|im_end|think|tool_call)>)"
    r"|<(?=</?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])",
    re.IGNORECASE,
)
_MARKS: Final = re.compile(r"</?data-[0-9a-f]{4,16}\b[^>\n]*>?\n?")
_NOT_IN_LABELS: Final = re.compile(r"[^\w .:/+~-]")


class Exhibit(NamedTuple):
    """A text that somebody else wrote, as it is put before a model.

    Attributes:
        label: what it is, for example `segment`.
        text: the text itself.
        notes: more about it, by name, for example its author.
    """

    label: str
    text: str
    notes: tuple[tuple[str, str], ...] = ()


class Fenced(NamedTuple):
    """Exhibits between marks.

    Attributes:
        mark: what no exhibit contains.
        text: all of them, for a prompt.
    """

    mark: str
    text: str


def fence(exhibits: Sequence[Exhibit]) -> Fenced:
    """Put exhibits between marks that none of them contains.

    Args:
        exhibits: in reading order.

    Returns:
        The mark, and the exhibits in one text.
    """
    shown = [
        Exhibit(
            as_label(exhibit.label),
            as_data(exhibit.text),
            tuple((as_label(name), as_label(note)) for name, note in exhibit.notes),
        )
        for exhibit in exhibits
    ]
    mark = draw_mark(part for exhibit in shown for part in (exhibit.label, exhibit.text, *sum(exhibit.notes, ())))
    return Fenced(mark, "\n".join(_between(mark, exhibit) for exhibit in shown))


def draw_mark(texts: Iterable[str]) -> str:
    """A short mark that occurs in none of some texts, and that their authors cannot know beforehand."""
    joined = "\x1f".join(texts)
    key = hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    folded = joined.casefold()
    draws = (hashlib.blake2b(str(number).encode(), key=key).hexdigest()[:_MARK_CHARACTERS] for number in count())
    return next(mark for mark in draws if mark not in folded)


def as_data(text: str) -> str:
    """A text without what acts: control and invisible characters, and the turns of chat templates.

    Everything else stays as it is, so that a model may quote it.
    """
    plain = without_active(text)
    return _TURNS.sub(lambda found: f"{found[0]} " if found[0] in "<[" else f" {found[0]}", plain)


def without_active(text: str) -> str:
    """A text whose control characters and the like are replaced; newline and tab stay."""
    return _ACTIVE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def without_marks(text: str) -> str:
    """A model's answer without marks, its prompt's or others: weak models repeat them, and make some up."""
    return _MARKS.sub("", text)


def as_label(label: str) -> str:
    """A label, which strangers may have chosen too, as a few plain characters."""
    return _NOT_IN_LABELS.sub("_", label)[:_LABEL_CHARACTERS_MAX] or "_"


def _between(mark: str, exhibit: Exhibit) -> str:
    notes = "".join(f' {name}="{note}"' for name, note in exhibit.notes)
    return f"<data-{mark} {exhibit.label}{notes}>\n{exhibit.text}\n</data-{mark}>"
