"""The network guard refuses what is not loopback, lets loopback through, and cannot be silenced by catching."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.network import NetworkBlocked, NetworkGuard, is_local

ROOT = Path(__file__).parent.parent
OUTSIDE = "192.0.2.1"  # reserved for documentation: no such host exists anywhere


def _connect() -> None:
    with socket.socket() as sock:
        sock.connect((OUTSIDE, 9))


def _connect_ex() -> None:
    with socket.socket() as sock:
        sock.connect_ex((OUTSIDE, 9))


def _connect_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.connect(("2001:db8::1", 9, 0, 0))


def _send_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (OUTSIDE, 9))


def _resolve() -> None:
    socket.getaddrinfo("example.invalid", 443)


def _resolve_by_name() -> None:
    socket.gethostbyname("example.invalid")


def _fetch() -> None:
    urllib.request.urlopen("http://example.invalid/", timeout=1)


def _connect_async() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(OUTSIDE, 9), timeout=1))


ATTEMPTS = [
    _connect,
    _connect_ex,
    _connect_ipv6,
    _send_datagram,
    _resolve,
    _resolve_by_name,
    _fetch,
    _connect_async,
]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.__name__.lstrip("_"))
def test_leaving_loopback_is_refused(attempt: Callable[[], None], network_guard: NetworkGuard) -> None:
    with pytest.raises(NetworkBlocked, match="loopback only"):
        attempt()
    assert len(network_guard.attempts) == 1
    network_guard.attempts.clear()


def test_loopback_is_open(network_guard: NetworkGuard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port), timeout=5) as client, server.accept()[0] as accepted:
                client.sendall(b"ping")
                assert accepted.recv(4) == b"ping"
    assert network_guard.attempts == []


def test_unix_sockets_are_open(network_guard: NetworkGuard) -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"ping")
        assert right.recv(4) == b"ping"
    assert network_guard.attempts == []


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        (b"localhost", True),
        ("", True),
        (None, True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_what_counts_as_local(host: object, local: bool) -> None:
    assert is_local(host) is local


SWALLOWS = """
import socket

def test_swallows():
    try:
        socket.getaddrinfo("example.invalid", 443)
    except Exception:
        pass

def test_stays_home():
    socket.getaddrinfo("localhost", 443)
"""


@pytest.mark.slow
def test_catching_the_refusal_does_not_save_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(SWALLOWS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", ".", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "NetworkBlocked: this test tried to leave loopback: getaddrinfo of 'example.invalid'" in run.stdout
    assert "ERROR test_planted.py::test_swallows" in run.stdout
    assert "2 passed, 1 error" in run.stdout
