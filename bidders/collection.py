"""Collections: private documents, cut into passages."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from bidders.reading import read_text
from bidders.words import CALENDAR_WORDS, STOP_WORDS, stem, words
from orchestrator.errors import InvalidConfig

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
_PARAGRAPHS = re.compile(r"\n\s*\n")
_TOLD_MAX = 10
_SUFFIXES = frozenset({".md", ".markdown", ".txt"})
_NAMELESS = STOP_WORDS | CALENDAR_WORDS
_STARTS = re.compile(r"(?:^|[.!?:]\s+|\n\s*)[^\w\s]*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can be quoted by itself.

    Attributes:
        heading: what it is about; empty where its document does not say.
        text: the paragraph or paragraphs under the heading.
    """

    heading: str
    text: str

    @property
    def quote(self) -> str:
        """The passage as it reads in a state; a colon in a heading would end it too early."""
        if not self.heading:
            return self.text
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
    """Read a Markdown file, or a folder of them: `# Title`, a description, then a `## heading` for each passage.

    Args:
        path: a file in UTF-8; or a folder, of which every `.md`, `.markdown` and `.txt` file is read, in order of
            name, those of inner folders too. What is hidden is left out.

    Raises:
        InvalidConfig: a folder or some files cannot be read; all of these files are named.
    """
    return _merged([parse_collection(text) for text in _texts(_files(Path(path)))])


def parse_collection(markdown: str) -> Collection:
    """Cut Markdown into passages at its headings; a text without any below its title, at its paragraphs."""
    headings = list(_HEADING.finditer(markdown))
    title, opening = "", markdown[: headings[0].start()] if headings else markdown
    passages: list[Passage] = []
    for position, found in enumerate(headings):
        end = headings[position + 1].start() if position + 1 < len(headings) else len(markdown)
        body = markdown[found.end() : end]
        if len(found.group(1)) == 1 and not title:
            title, opening = found.group(2), body
        elif body.strip():
            passages.append(Passage(found.group(2), _line(body)))
    if not passages:
        passages = [Passage(title, _line(paragraph)) for paragraph in _PARAGRAPHS.split(opening) if paragraph.strip()]
    return _collected(title, _line(opening) if headings else "", passages)


def _line(text: str) -> str:
    return " ".join(text.split())


def _merged(collections: Sequence[Collection]) -> Collection:
    """One collection of several documents."""
    if len(collections) == 1:
        return collections[0]
    title = next((each.title for each in collections if each.title), "")
    description = " ".join(each.description for each in collections if each.description)
    return _collected(title, description, [passage for each in collections for passage in each.passages])


def _files(path: Path) -> list[Path]:
    """The documents at a path, without what is hidden."""
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for folder, inner, files in os.walk(path, onerror=_refuse_folder):
        inner[:] = [name for name in inner if not name.startswith(".")]
        documents = (Path(folder, name) for name in files if not name.startswith("."))
        found += [each for each in documents if each.suffix.lower() in _SUFFIXES and each.is_file()]
    return sorted(found)


def _refuse_folder(error: OSError) -> NoReturn:
    # Left out in silence, its documents would be missed by nobody but the user.
    raise InvalidConfig(f"cannot read the folder {error.filename}: {error.strerror}") from error


def _texts(files: Sequence[Path]) -> list[str]:
    """What documents say; those that cannot be read are named together, to be mended in one go."""
    texts, refused = [], []
    for file in files:
        try:
            texts.append(read_text(file, "the document"))
        except InvalidConfig as error:
            refused.append(error)
    if refused:
        told = "; ".join(str(error) for error in refused[:_TOLD_MAX])
        more = f"; and {len(refused) - _TOLD_MAX} more" if len(refused) > _TOLD_MAX else ""
        raise InvalidConfig(told + more) from refused[0]
    return texts


def _collected(title: str, description: str, passages: Sequence[Passage]) -> Collection:
    names = _names(passages)
    scope = frozenset(term for term, capital in capitalised(description) if capital) & names
    return Collection(title, description, tuple(passages), names, scope)


def capitalised(text: str) -> Counter[tuple[str, bool]]:
    """Count a text's words by stem and by whether they carry a capital; openings of sentences and days are left out."""
    found = ((_kind(word.group()), word.start()) for word in words(text))
    return Counter(kind for kind, start in found if kind is not None and not _opens_sentence(text, start))


@lru_cache(maxsize=50_000)
def _kind(word: str) -> tuple[str, bool] | None:
    """A word's stem, and whether it carries a capital; None where it names nothing, whatever it carries."""
    return None if word.lower() in _NAMELESS else (stem(word), word[0].isupper())


def _opens_sentence(text: str, start: int) -> bool:
    """Whether the word that starts here is the first of a sentence, a line or the text."""
    # Nine words in ten follow another word and a space, which can be told without searching.
    if start > 1 and text[start - 1] == " " and text[start - 2].isalnum():
        return False
    return _STARTS.search(text[max(0, start - 4) : start]) is not None


def _names(passages: Sequence[Passage]) -> frozenset[str]:
    counts: Counter[tuple[str, bool]] = Counter()
    for passage in passages:
        counts.update(capitalised(passage.text))
    return frozenset(term for term, capital in counts if capital and not counts[term, False])
