"""The same digits on every processor that has AVX2, with NumPy of before 2.5, which is what Python 3.11 has.

NumPy and OpenBLAS choose their instructions by what a processor offers. Wider ones add up in another order, so that
last digits differ; and learning by trial and error goes another way as soon as one bid does.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

_PROCESSORS = Path("/proc/cpuinfo")
_COMMON = "avx2"
# The OpenBLAS 0.3.34 of NumPy 2.5 crashes in products of some 300 rows where it is told of another processor.
_CRASHES_FROM = (2, 5)
_SETTINGS = {
    "OPENBLAS_CORETYPE": "Haswell",
    # The names that NumPy has for wider instructions; those that a processor lacks are ignored.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
}


def round_alike(processors: Path = _PROCESSORS, numpy: str | None = None) -> bool:
    """Keep NumPy and OpenBLAS, as long as they are not imported yet, to the instructions that most processors have.

    What the environment says already stands.

    Args:
        processors: the file that tells what instructions there are, as Linux writes it.
        numpy: NumPy's version; of the one that is installed unless given.

    Returns:
        Whether they can be kept to these; else nothing is changed, and last digits may differ.
    """
    if platform.machine() != "x86_64" or not processors.exists() or _COMMON not in processors.read_text().split():
        return False
    major, minor = (numpy or version("numpy")).split(".")[:2]
    if (int(major), int(minor)) >= _CRASHES_FROM:
        return False
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    return True
