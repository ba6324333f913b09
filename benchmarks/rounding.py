"""The same digits on every x86-64 processor that has AVX2, on Linux and with NumPy 2.4, which Python 3.11 has here.

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
# Earlier ones call instructions otherwise. The OpenBLAS 0.3.34 of NumPy 2.5, told of another processor than there is,
# crashed in products of matrices on one with AVX512.
_NUMPY = "2.4."
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
    if not (numpy or version("numpy")).startswith(_NUMPY):
        return False
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    return True
