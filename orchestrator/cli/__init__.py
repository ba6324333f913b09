"""The command `vickrey`: a thin face over the market."""

from __future__ import annotations

_PATIENCE_SECONDS = 3.0
_UNFLUSHED = 120
"""The exit code that Python has for output that could not be written."""


def main() -> None:
    """Run the command with the process's arguments, and exit."""
    import os
    import sys
    from pathlib import Path

    # Where whoever started it has closed its output, as some daemons do, Python has no stream there at all.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open until the end)
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open until the end)
    try:
        from orchestrator.cli.app import app

        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show a character gets an escape for it, not a traceback.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        app(prog_name="vickrey")
    except KeyboardInterrupt:
        # Before the command has begun there is nothing to tell.
        sys.exit(130)
    except SystemExit as end:
        _leave(end.code)
        raise


def _leave(code: str | int | None) -> None:
    """Leave a process in which threads of bidders do not end: Python would wait for them, maybe for ever."""
    import atexit
    import os
    import sys
    import threading
    import time

    if isinstance(code, str):
        return
    deadline = time.monotonic() + _PATIENCE_SECONDS
    others = [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if not any(thread.is_alive() for thread in others):
        return
    # What Python would do after it had waited.
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        os._exit(_UNFLUSHED)
    os._exit(code or 0)
