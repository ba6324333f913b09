"""A PostgreSQL server of the tests' own, in a folder of its own, that nobody reaches but through its socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

USER = "vickrey"
DATABASE = "postgres"


def find_programs() -> Path | None:
    """The folder of the server's programs; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Server:
    """A server that is made anew, and can be stopped and started."""

    def __init__(self) -> None:
        programs = find_programs()
        assert programs is not None
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="vickrey-pg-"))
        # The server refuses to run as root.
        self._user = None if os.geteuid() else _other_user()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._data = self._folder / "data"
        self._run("initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self._is_running = False
        self.start()

    def start(self) -> None:
        """Start it where it does not run."""
        if not self._is_running:
            options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=40"
            self._run("pg_ctl", "-D", self._data, "-o", options, "-l", self._folder / "log", "-w", "-s", "start")
            self._is_running = True

    def stop(self) -> None:
        """Stop it as a crash would: no connection is ended in order."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "-s", "stop")
        self._is_running = False

    def remove(self) -> None:
        """Stop it, and leave nothing of it."""
        if self._is_running:
            self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str = DATABASE, user: str = USER) -> str:
        """The URL of a store on it."""
        return f"postgresql+psycopg://{user}@/{database}?host={self._folder}"

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as a stranger to the store would; what the last of them found."""
        with psycopg.connect(host=str(self._folder), user=USER, dbname=DATABASE, autocommit=True) as connection:
            for statement in statements[:-1]:
                connection.execute(statement.encode())
            cursor = connection.execute(statements[-1].encode())
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd=self._folder)


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
