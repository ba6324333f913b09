"""Prompt files: what a model is told, kept beside the code, versioned, and overridable by path."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import orchestrator
from bidders.reading import read_text
from orchestrator import Message

FOLDER: Final = Path(__file__).parent.parent / "prompts"
_BYTES_MAX: Final = 100_000
# Several bidders of a market are often told the same.
_KEPT: Final = 64
_KEY: Final = re.compile(r"^(\w+)\s*:", re.MULTILINE)
_LAYOUT: Final = re.compile(
    r"\A\s*---\n(?P<front>.*?)\n---\n\s*# System\n(?P<system>.*?)\n# User\n(?P<user>.*)\Z", re.DOTALL
)

Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Front(BaseModel):
    """What stands at the top of a prompt file.

    Attributes:
        name: what it makes a model do, for example `refine`.
        version: raised whenever its wording changes.
        does: the work in a few words, for whoever values it.
        role: what its bidder is, where it makes one.
        delivers: `append` where the answer is added to the state, `replace` where it stands in for it.
        kind: kind of the segment that it writes.
        max_tokens: the most that the model may write.
        gain: how much of what a state lacks such work supplies, before anything was learned.
        repeats_max: how often such work is worth doing on one chain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Label
    version: Annotated[int, Field(ge=1, le=10_000)]
    does: Annotated[str, Field(min_length=1, max_length=300)]
    role: Literal["transformer", "presenter"] | None = None
    delivers: Literal["append", "replace"] = "append"
    kind: Annotated[str, Field(min_length=1, max_length=40)] = "note"
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    gain: Share = 0.3
    repeats_max: Annotated[int, Field(ge=1, le=1000)] = 1


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt, ready to be filled in.

    Attributes:
        front: what it says of itself.
        system: the operator's part.
        user: the part that shows the state; `$state` stands for it.
        label: name, version and digest, under which the record keeps what it made.
    """

    front: Front
    system: str
    user: str
    label: str

    def shows(self, name: str) -> bool:
        """Whether it has a place for a word of this name."""
        return any(name in Template(part).get_identifiers() for part in (self.system, self.user))

    def fill(self, words: Mapping[str, str]) -> tuple[Message, Message]:
        """Put words where their names stand; what they hold is not looked at again.

        Args:
            words: by name; those that the file does not name are left out.
        """
        system, user = (Template(part).substitute(words).strip() for part in (self.system, self.user))
        return Message("system", re.sub(r"\n{3,}", "\n\n", system)), Message("user", user)


def load_prompt(name: str, path: str | Path | None, allowed: frozenset[str], needed: frozenset[str]) -> PromptFile:
    """Read a prompt file.

    Args:
        name: one that comes along, where no path is given.
        path: a file of the operator's own.
        allowed: the placeholders that it may use.
        needed: those that its user part must use, each once.

    Raises:
        InvalidConfig: there is no such file, or it is not written as prompt files are.
    """
    file = Path(path) if path is not None else FOLDER / f"{name}.md"
    if path is None and name not in built_in():
        raise orchestrator.errors.InvalidConfig(
            f"there is no prompt {name!r}; there are {', '.join(built_in())}, or give the path of a file of your own"
        )
    return _parse(read_text(file, "the prompt"), str(file), allowed, needed)


def built_in() -> list[str]:
    """The names of the prompts that come along."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


@lru_cache(maxsize=_KEPT)
def _parse(text: str, where: str, allowed: frozenset[str], needed: frozenset[str]) -> PromptFile:
    layout = _LAYOUT.match(text) if len(text) <= _BYTES_MAX else None
    if layout is None:
        raise orchestrator.errors.InvalidConfig(
            f"{where}: a prompt file is a head between two lines `---`, then `# System` and `# User`, "
            f"of at most {_BYTES_MAX:,} characters"
        )
    try:
        front = Front.model_validate(yaml.safe_load(layout["front"]))
    except yaml.YAMLError as error:
        raise orchestrator.errors.InvalidConfig(
            f"{where}: its head is no YAML: {str(error).splitlines()[0]}"
        ) from error
    except ValidationError as error:
        raise orchestrator.errors.InvalidConfig(f"{where}: {_problem(error)}") from error
    for key, times in Counter(_KEY.findall(layout["front"])).items():
        if times > 1:
            raise orchestrator.errors.InvalidConfig(f"{where}: {key}: is written twice")
    _check_placeholders(layout, where, allowed, needed)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return PromptFile(front, layout["system"], layout["user"], f"{front.name}@{front.version}#{digest}")


def _problem(error: ValidationError) -> str:
    """The first thing that is wrong with a head; an unknown key first, for what it should be called is then missing."""
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    key = ".".join(map(str, first["loc"])) or "head"
    if first["type"] == "missing":
        return f"{key}: is required but missing"
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, Front.model_fields, n=1)
        return f"{key}: unknown key" + (f"; did you mean {close[0]!r}?" if close else "")
    return f"{key}: {first['msg']}"


def _check_placeholders(layout: re.Match[str], where: str, allowed: frozenset[str], needed: frozenset[str]) -> None:
    parts = {part: Template(layout[part]) for part in ("system", "user")}
    if not all(template.is_valid() for template in parts.values()):
        raise orchestrator.errors.InvalidConfig(f"{where}: a lone $ is written $$; placeholders are written $name")
    used = {name for template in parts.values() for name in template.get_identifiers()}
    for name in sorted(used - allowed):
        known = ", ".join(f"${each}" for each in sorted(allowed))
        raise orchestrator.errors.InvalidConfig(f"{where}: there is nothing to put for ${name}; there is {known}")
    in_user = parts["user"].get_identifiers()
    for name in sorted(needed - set(in_user)):
        raise orchestrator.errors.InvalidConfig(f"{where}: the part `# User` must hold ${name}")
