"""The same digits on every processor that has AVX2.

NumPy and OpenBLAS choose their instructions by what a processor offers. Wider ones add up in another order, so that
last digits differ; and learning by trial and error goes another way as soon as one bid does.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

_PROCESSORS = Path("/proc/cpuinfo")
_COMMON = "avx2"
_SETTINGS = {
    "OPENBLAS_CORETYPE": "Haswell",
    # The names that NumPy has for wider instructions; those that a processor lacks are ignored.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
}


def round_alike(processors: Path = _PROCESSORS) -> bool:
    """Keep NumPy and OpenBLAS, as long as they are not imported yet, to the instructions that most processors have.

    What the environment says already stands.

    Args:
        processors: the file that tells what instructions there are, as Linux writes it.

    Returns:
        Whether these instructions are there; else nothing is changed, and last digits may differ.
    """
    if platform.machine() != "x86_64" or not processors.exists() or _COMMON not in processors.read_text().split():
        return False
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    return True
