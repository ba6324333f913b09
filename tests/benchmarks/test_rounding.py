"""The same digits on every processor that has AVX2: which instructions NumPy and OpenBLAS are kept to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.rounding import round_alike

VARIABLES = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
PROGRAM = """
import json, benchmarks, numpy
from numpy._core._multiarray_umath import __cpu_features__
from threadpoolctl import threadpool_info
print(json.dumps([sorted({each["architecture"] for each in threadpool_info()}), __cpu_features__["X86_V4"]]))
"""
has_common = pytest.mark.skipif(
    os.uname().machine != "x86_64" or "avx2" not in Path("/proc/cpuinfo").read_text().split(),
    reason="this processor has no AVX2",
)


def chosen(environment: dict[str, str]) -> list[object]:
    """In a new process that imports a benchmark: which processors OpenBLAS works for, and whether NumPy uses AVX512."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=inherited | environment, check=True, capture_output=True, text=True
    )
    found: list[object] = json.loads(ran.stdout)
    return found


@has_common
def test_benchmarks_run_on_the_instructions_that_most_processors_have() -> None:
    assert chosen({}) == [["Haswell"], False]


@has_common
def test_what_the_environment_says_already_stands() -> None:
    assert chosen({"OPENBLAS_CORETYPE": "Nehalem"})[0] == ["Nehalem"]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other processors have other instructions")
def test_a_processor_that_lacks_them_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        # Set first, so that it is put back as it was.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    processors = tmp_path / "cpuinfo"
    assert not round_alike(processors)
    processors.write_text("flags\t\t: fpu sse sse2 avx avx2like\n")
    assert not round_alike(processors)
    assert not set(VARIABLES).intersection(os.environ)
    processors.write_text("flags\t\t: fpu sse sse2 avx avx2\n")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    assert round_alike(processors)
    assert os.environ["OPENBLAS_CORETYPE"] == "Zen"
    assert "X86_V4" in os.environ["NPY_DISABLE_CPU_FEATURES"]
