"""What every test gets: no network, a home of its own, and hypothesis set up for the machine it runs on."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.effort import EXAMPLES
from tests.network import NetworkGuard

# In CI the same examples every time: a red run then means that the change broke something.
settings.register_profile("ci", max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("dev", max_examples=EXAMPLES, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


# Every worker of the suite has one core to itself: more threads for matrices this small only get in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What tests write is gone a moment later and no test lets a machine lose its power: memory will do where there is
# plenty of it. Containers often have next to none there.
_MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2**30:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None


# Their tests import the libraries of providers, scikit-learn or matplotlib, which takes seconds. At the beginning, all
# of them are one worker's, and the others need not import these.
IMPORTING = (
    "tests/bidders/models/",
    "tests/injection/test_providers",
    "tests/config/test_bundled",
    "tests/benchmarks/",
    "tests/progress/",
    "tests/cli/test_progress",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those side by side that need the same heavy imports."""
    items.sort(key=lambda item: not item.nodeid.startswith(IMPORTING))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was imported for all tests and stays to the end, and call it less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(autouse=True)
def hasty_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no store wait until the disk has what it wrote: that guards against power failures, which no test has."""
    monkeypatch.setattr("orchestrator.store.database._PRAGMAS", ("synchronous=OFF", "foreign_keys=ON"))


@pytest.fixture(autouse=True)
def network_guard() -> Iterator[NetworkGuard]:
    """Fail the test if anything in it tried to leave loopback, even if the refusal was caught on the way."""
    guard = NetworkGuard()
    with pytest.MonkeyPatch.context() as patch:
        guard.install(patch)
        yield guard
    if guard.attempts:
        pytest.fail("NetworkBlocked: this test tried to leave loopback: " + "; ".join(guard.attempts), pytrace=False)


@pytest.fixture(autouse=True)
def import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what the test adds to the path: a config's folder is added, and all later imports would search it."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture(autouse=True)
def home(request: pytest.FixtureRequest, homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test an empty home, so that it neither sees nor changes the user's market.

    Most tests write nothing there; for those no folder is made.
    """
    home = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else next(homes)
    monkeypatch.setenv("VICKREY_HOME", str(home))


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that are not there yet, one after the other."""
    return (tmp_path_factory.getbasetemp() / "homes" / str(number) for number in count())


@pytest.fixture
def vickrey_home(tmp_path: Path) -> Path:
    """The test's home."""
    return tmp_path
