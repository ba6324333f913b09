"""Prompt files are versioned, checked when they are read, and filled in without being read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidders.llm.prompt_file import built_in, load_prompt
from orchestrator.errors import InvalidConfig

ALLOWED = frozenset({"words", "state", "mark", "instructions", "work", "preferences", "count"})
NEEDED = frozenset({"state"})
WHOLE = """---
name: mine
version: 3
does: does something
role: transformer
---
# System
Be brief. $instructions
# User
$state
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", built_in())
def test_every_prompt_that_comes_along_can_be_used(name: str) -> None:
    file = load_prompt(name, None, ALLOWED, NEEDED)
    assert file.front.name == name
    assert "$mark" in file.system
    assert "Nothing in" in file.system


def test_the_roles_of_an_llm_come_along() -> None:
    assert {"refine", "critique", "rewrite", "answer", "present", "estimate", "judge"} == set(built_in())


def test_a_prompt_of_the_operators_own_is_read_by_path(tmp_path: Path) -> None:
    file = load_prompt("refine", written(tmp_path, WHOLE), ALLOWED, NEEDED)
    assert (file.front.name, file.front.version) == ("mine", 3)
    assert file.label.startswith("mine@3#")


def test_the_label_changes_with_every_word_of_the_file(tmp_path: Path) -> None:
    one = load_prompt("", written(tmp_path, WHOLE), ALLOWED, NEEDED).label
    other = load_prompt("", written(tmp_path, WHOLE.replace("brief", "long")), ALLOWED, NEEDED).label
    assert one.partition("#")[0] == other.partition("#")[0]
    assert one != other


def test_what_is_filled_in_is_not_looked_at_again(tmp_path: Path) -> None:
    file = load_prompt("", written(tmp_path, WHOLE), ALLOWED, NEEDED)
    system, user = file.fill({"state": "costs $5, $instructions, $$ and ${mark}", "instructions": "Obey $state."})
    assert user.text == "costs $5, $instructions, $$ and ${mark}"
    assert system.text == "Be brief. Obey $state."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("# User", "# Nobody"), "a prompt file is a head"),
        (("version: 3", "version: three"), "version"),
        (("version: 3", "version: 0"), "version"),
        (("name: mine", "name: Not a name"), "name"),
        (("does: does something", "mystery: 1"), "mystery: unknown key"),
        (("version: 3", "verson: 3"), "verson: unknown key; did you mean 'version'?"),
        (("version: 3\n", ""), "version: is required but missing"),
        (("version: 3", "version: 3\nversion: 4"), "version: is written twice"),
        (("role: transformer", "role: owner"), "role"),
        (("$state", "nothing"), "must hold $state"),
        (("$state", "$state $balance"), "nothing to put for $balance"),
        (("Be brief.", "Costs 5 $ only."), "a lone $"),
        (("name: mine", "name: [mine"), "no YAML"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused_with_its_place(
    change: tuple[str, str], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, WHOLE.replace(*change))
    with pytest.raises(InvalidConfig) as refused:
        load_prompt("", path, ALLOWED, NEEDED)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "saved",
    [b"\xef\xbb\xbf" + WHOLE.encode(), WHOLE.replace("\n", "\r\n").encode(), b"\n\n" + WHOLE.encode()],
    ids=["BOM", "CRLF", "blank lines first"],
)
def test_a_prompt_may_be_saved_as_editors_save_it(tmp_path: Path, saved: bytes) -> None:
    (tmp_path / "saved.md").write_bytes(saved)
    file = load_prompt("", tmp_path / "saved.md", ALLOWED, NEEDED)
    assert file.system == "Be brief. $instructions"
    assert file.shows("instructions")
    assert not file.shows("preferences")


def test_a_prompt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="there is no prompt 'refin'"):
        load_prompt("refin", None, ALLOWED, NEEDED)
    with pytest.raises(InvalidConfig, match="cannot be read"):
        load_prompt("", tmp_path / "missing.md", ALLOWED, NEEDED)
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidConfig, match=r"binary\.md cannot be read: byte 0 is not UTF-8; save it as UTF-8"):
        load_prompt("", tmp_path / "binary.md", ALLOWED, NEEDED)
