"""Composing: the words of an offer, out of a state's material and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from bidders.material import Material, Piece, heeded
from bidders.schedule import PARTS, days_asked, spread

_HEEDED_MAX = 6
_LISTED_MAX = 4
_SPARE_MAX = 3
_TITLE_CHARACTERS_MAX = 120


def compose_plan(material: Material, day_kinds: Sequence[str]) -> str:
    """A plan day by day, with what does not belong to a day below it.

    Args:
        material: what there is.
        day_kinds: kinds of material that fill days; where none of them is there, all do.
    """
    days = days_asked(material.request)
    if not days:
        return compose_list(material)
    doing = [piece for piece in material.pieces if piece.kind in day_kinds] or list(material.pieces)
    plan, left = spread(sorted(doing, key=lambda piece: -piece.fit), days)
    lines = [f"# {_title(material)}", *_opening(material, material.pieces)]
    for number, day in enumerate(plan, start=1):
        lines += ["", f"## Day {number}", ""]
        lines += [f"- **{part}**: {_told(day[part])}" for part in PARTS if part in day] or ["- Left free."]
    if left:
        lines += ["", "## If there is time", "", *(f"- {_told(piece)}" for piece in left[:_SPARE_MAX])]
    return "\n".join([*lines, *_sections(material, [piece for piece in material.pieces if piece not in doing], None)])


def compose_list(material: Material) -> str:
    """A short list: the first few pieces of each kind."""
    lines = [f"# {_title(material)}", *_opening(material, material.pieces)]
    return "\n".join([*lines, *_sections(material, material.pieces, _LISTED_MAX)])


def compose_letter(material: Material) -> str:
    """A letter: what the user likes first, then a paragraph for each kind of material."""
    paragraphs = [f"You asked: {_title(material)}"]
    told = heeded(material, material.pieces, _HEEDED_MAX)
    if told:
        paragraphs.append("I kept to what you say of yourself. " + " ".join(f"“{sentence}”" for sentence in told))
    for kind in material.kinds:
        pieces = [piece for piece in material.pieces if piece.kind == kind]
        paragraphs.append(f"{_label(kind)}. " + " ".join(_told(piece) for piece in pieces))
    return "\n\n".join(paragraphs)


def _opening(material: Material, shown: Sequence[Piece]) -> list[str]:
    told = heeded(material, shown, _HEEDED_MAX)
    return ["", "It heeds what you say of yourself:", "", *(f"- {sentence}" for sentence in told)] if told else []


def _sections(material: Material, pieces: Sequence[Piece], pieces_max: int | None) -> list[str]:
    lines: list[str] = []
    for kind in material.kinds:
        listed = [piece for piece in pieces if piece.kind == kind][:pieces_max]
        if listed:
            lines += ["", f"## {_label(kind)}", "", *(f"- {_told(piece)}" for piece in listed)]
    return lines


def _told(piece: Piece) -> str:
    text = " ".join(piece.text.split())
    if not piece.heading:
        return text
    # What goes on in small letters is the same sentence, so the colon was no heading's.
    return f"{piece.heading}{':' if text[:1].islower() else '.'} {text}"


def _label(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _title(material: Material) -> str:
    title = " ".join(material.request.split())
    return title if len(title) <= _TITLE_CHARACTERS_MAX else title[: _TITLE_CHARACTERS_MAX - 1] + "…"
