"""Libraries that not everybody needs: imported when a model that needs one is built."""

from __future__ import annotations

import importlib
from types import ModuleType

from orchestrator.errors import BrokenPlugin


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a provider's library.

    Args:
        module: the library's name.
        extra: the extra of ours that brings it along.

    Raises:
        BrokenPlugin: it is not installed, or cannot be imported; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == module
        reason = "is not installed" if missing else f"cannot be imported ({' '.join(str(error).split())[:200]})"
        raise BrokenPlugin(f"the package {module} {reason}; install it with: pip install 'vickrey[{extra}]'") from None
