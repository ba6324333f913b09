"""The README's transcript is what `make demo` prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local_model import need_local_model

ROOT = Path(__file__).parent.parent


def transcript() -> list[str]:
    """The transcript's lines, without those that only mark what was left out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```text\n(Request r1: .*?)\n```", readme, re.DOTALL)
    assert block is not None, "README.md has no transcript"
    return [line for line in block[1].split("\n") if line.strip() and line != "[...]"]


def demo_command(home: Path, config: str = "configs/lisbon.yaml") -> list[str]:
    """The Makefile's demo, with a home of its own."""
    line = re.search(r"^DEMO_COMMAND := \$\(BIN\)/vickrey (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert line is not None, "the Makefile has no DEMO_COMMAND"
    written = line[1].replace("--home .demo", f"--home {home}").replace("configs/lisbon.yaml", config)
    return [sys.executable, "-m", "orchestrator.cli", *shlex.split(written)]


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


def test_the_demo_on_the_model_differs_from_the_one_without_by_its_config() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "LOCAL_DEMO_COMMAND := $(subst configs/lisbon.yaml,configs/local.yaml,$(DEMO_COMMAND))" in makefile
    assert "then $(LOCAL_DEMO_COMMAND);" in makefile


@pytest.mark.slow
def test_the_demo_runs_on_a_real_model_which_refines_and_presents(tmp_path: Path) -> None:
    need_local_model()
    keyless = {name: value for name, value in os.environ.items() if "KEY" not in name}
    done = subprocess.run(
        [*demo_command(tmp_path, "configs/local.yaml"), "--json", "--quiet"],
        cwd=ROOT,
        env=keyless,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["status"] == "released"
    bought = {sale["buyer"]: sale["role"] for offer in document["offers"] for sale in offer["chain"]}
    assert bought.keys() >= {"diary", "adviser", "inviter"}
    assert bought["inviter"] == "presenter"
    assert all(offer["text"].strip() for offer in document["offers"])
    assert document["statement"]["unknown_costs"] == []
    assert set(document["statement"]["costs"].values()) <= {"0.00"}


def test_a_transcript_that_differs_is_noticed() -> None:
    printed = ["one", "two and more", "three ─────", "four"]
    assert missing(["one", "two...", "three ──", "four"], printed) == []
    assert missing(["two...", "one"], printed) == ["one"]
    assert missing(["one", "five"], printed) == ["five"]
