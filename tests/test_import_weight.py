"""Importing the product and asking for its help stay light: what is heavy is loaded by what needs it."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = (
    "sqlalchemy",
    "alembic",
    "numpy",
    "bm25s",
    "openai",
    "anthropic",
    "litellm",
    "xllamacpp",
    "matplotlib",
)
IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


@cache
def loaded_by(*arguments: str) -> frozenset[str]:
    """Run Python with these arguments, once, and name the top-level modules that it loaded."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return frozenset(name.partition(".")[0] for name in IMPORTED.findall(run.stderr))


def test_the_probe_sees_what_is_imported() -> None:
    loaded = loaded_by("-c", "import orchestrator\ndef f():\n    import sqlalchemy.util\nf()")
    assert loaded.intersection(HEAVY) == {"sqlalchemy"}


def test_importing_the_product_is_light() -> None:
    loaded = loaded_by("-c", "import orchestrator")
    assert "orchestrator" in loaded or not (ROOT / "orchestrator" / "__init__.py").exists()
    assert sorted(loaded.intersection(HEAVY)) == []


@pytest.mark.skipif(not [*ROOT.glob("orchestrator/cli*/**/*.py")], reason="the command is not written yet")
def test_help_is_light() -> None:
    loaded = loaded_by("-m", "orchestrator.cli", "--help")
    assert "typer" in loaded
    assert sorted(loaded.intersection(HEAVY)) == []
