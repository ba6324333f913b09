"""The same digits on every processor that has AVX2: which instructions NumPy and OpenBLAS are kept to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.rounding import round_alike

VARIABLES = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
PROGRAM = """
import json, os, benchmarks, numpy
from numpy._core._multiarray_umath import __cpu_features__
from threadpoolctl import threadpool_info
told = [name for name in ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES") if name in os.environ]
print(json.dumps([told, sorted({each["architecture"] for each in threadpool_info()}), __cpu_features__.get("X86_V4")]))
"""
on_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="other processors have other instructions")


def chosen() -> list[object]:
    """In a new process that imports a benchmark: what is told, whom OpenBLAS works for, whether NumPy uses AVX512."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    ran = subprocess.run([sys.executable, "-c", PROGRAM], env=inherited, check=True, capture_output=True, text=True)
    found: list[object] = json.loads(ran.stdout)
    return found


def can_be_kept() -> bool:
    """Whether this processor and NumPy can be kept to common instructions, as far as a test may know."""
    is_common = "avx2" in Path("/proc/cpuinfo").read_text().split()
    return is_common and version("numpy").startswith("2.4.")


@on_x86
def test_benchmarks_run_on_the_instructions_that_most_processors_have_or_leave_libraries_alone() -> None:
    found = chosen()
    assert found == [list(VARIABLES), ["Haswell"], False] if can_be_kept() else found[0] == []


@on_x86
def test_processors_that_lack_them_and_other_versions_of_numpy_are_left_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        # Set first, so that it is put back as it was.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    processors = tmp_path / "cpuinfo"
    assert not round_alike(processors, "2.4.6")
    processors.write_text("flags\t\t: fpu sse sse2 avx avx2like\n")
    assert not round_alike(processors, "2.4.6")
    processors.write_text("flags\t\t: fpu sse sse2 avx avx2\n")
    assert not round_alike(processors, "2.5.0rc1")
    assert not round_alike(processors, "2.3.5")
    assert not round_alike(processors, "2.40.1")
    assert not set(VARIABLES).intersection(os.environ)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    assert round_alike(processors, "2.4.6")
    assert os.environ["OPENBLAS_CORETYPE"] == "Zen"
    assert "X86_V4" in os.environ["NPY_DISABLE_CPU_FEATURES"]
