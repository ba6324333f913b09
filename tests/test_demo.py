"""The README's transcript is what `make demo` prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def transcript() -> list[str]:
    """The transcript's lines, without those that only mark what was left out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```text\n(Request r1: .*?)\n```", readme, re.DOTALL)
    assert block is not None, "README.md has no transcript"
    return [line for line in block[1].split("\n") if line.strip() and line != "[...]"]


def demo_command(home: Path) -> list[str]:
    """The Makefile's demo, with a home of its own."""
    line = re.search(r"^DEMO_COMMAND := \$\(BIN\)/vickrey (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert line is not None, "the Makefile has no DEMO_COMMAND"
    return [sys.executable, "-m", "orchestrator.cli", *shlex.split(line[1].replace("--home .demo", f"--home {home}"))]


def missing(lines: list[str], printed: list[str]) -> list[str]:
    """Lines that were not printed, or not in this order; `...` at an end stands for the rest of a line."""
    left = iter(printed)
    return [line for line in lines if not any(_is_same(line, other) for other in left)]


def _is_same(line: str, other: str) -> bool:
    shown = line.removesuffix("...").rstrip("─ ")
    return other.startswith(shown) if line.endswith(("...", "─")) else other.rstrip() == shown


@pytest.mark.slow
def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    home = tmp_path / ".demo"
    done = subprocess.run(
        demo_command(home),
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=170,
        check=True,
    )
    printed = [line.replace(str(home), ".demo") for line in done.stdout.split("\n")]
    assert missing(transcript(), printed) == []
    assert missing(transcript(), [line.replace("diary", "dairy") for line in printed]), "the control"


def test_a_transcript_that_differs_is_noticed() -> None:
    printed = ["one", "two and more", "three ─────", "four"]
    assert missing(["one", "two...", "three ──", "four"], printed) == []
    assert missing(["two...", "one"], printed) == ["one"]
    assert missing(["one", "five"], printed) == ["five"]
