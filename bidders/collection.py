"""Collections: private documents, cut into passages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bidders.words import CALENDAR_WORDS, STOP_WORDS, stem, words

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
_NAMELESS = STOP_WORDS | CALENDAR_WORDS
_STARTS = re.compile(r"(?:^|[.!?:]\s+|\n\s*)[^\w\s]*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can be quoted by itself.

    Attributes:
        heading: what it is about.
        text: the paragraph or paragraphs under the heading.
    """

    heading: str
    text: str

    @property
    def quote(self) -> str:
        """The passage as it reads in a state; a colon in a heading would end it too early."""
        heading = self.heading.replace(": ", ", ").rstrip(".:")
        return f"{heading}: {self.text}"


@dataclass(frozen=True, slots=True)
class Collection:
    """A bidder's private documents.

    Attributes:
        title: the collection's own title.
        description: what it says of itself before the first passage.
        passages: what it can quote, in order.
        names: stems of the words that it writes with a capital inside sentences: places, people.
        scope: the names in its description: what it is about, and nothing else of that sort.
    """

    title: str
    description: str
    passages: tuple[Passage, ...]
    names: frozenset[str]
    scope: frozenset[str]


def load_collection(path: str | Path) -> Collection:
    """Read a Markdown file: `# Title`, a description, then a `## heading` and a paragraph for each passage.

    Args:
        path: the file, in UTF-8.

    Raises:
        OSError: it cannot be read.
    """
    return parse_collection(Path(path).read_text(encoding="utf-8"))


def parse_collection(markdown: str) -> Collection:
    """Cut Markdown into passages; a text without headings of the second level is one passage."""
    headings = list(_HEADING.finditer(markdown))
    title, description = "", markdown[: headings[0].start()].strip() if headings else ""
    passages: list[Passage] = []
    for position, found in enumerate(headings):
        end = headings[position + 1].start() if position + 1 < len(headings) else len(markdown)
        body = " ".join(markdown[found.end() : end].split())
        if len(found.group(1)) == 1 and not title:
            title, description = found.group(2), body
        elif body:
            passages.append(Passage(found.group(2), body))
    if not passages and (description or not headings):
        whole = description or markdown.strip()
        passages += [Passage(title or "Note", whole)] if whole else []
    names = _names(passages)
    scope = frozenset(term for term, capital in capitalised(description) if capital) & names
    return Collection(title, description, tuple(passages), names, scope)


def capitalised(text: str) -> Counter[tuple[str, bool]]:
    """Count a text's words by stem and by whether they carry a capital; openings of sentences and days are left out."""
    counts: Counter[tuple[str, bool]] = Counter()
    for word in words(text):
        if word.group().lower() not in _NAMELESS and not _STARTS.search(text[max(0, word.start() - 4) : word.start()]):
            counts[stem(word.group()), word.group()[0].isupper()] += 1
    return counts


def _names(passages: list[Passage]) -> frozenset[str]:
    counts: Counter[tuple[str, bool]] = Counter()
    for passage in passages:
        counts.update(capitalised(passage.text))
    return frozenset(term for term, capital in counts if capital and not counts[term, False])
