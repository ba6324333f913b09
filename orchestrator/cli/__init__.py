"""The command `vickrey`: a thin face over the market."""

from __future__ import annotations


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
    """Leave a process in which threads of bidders go on: Python would wait for them, maybe for ever."""
    import os
    import sys
    import threading
    from contextlib import suppress

    others = [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    if not others or isinstance(code, str):
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code or 0)
