"""The guard that keeps tests off the network: loopback is open, everything else is refused and remembered."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest


class NetworkBlocked(RuntimeError):
    """A test tried to reach a host that is not loopback.

    Not an `OSError`, because clients take that for a passing failure of the network and try again.
    """


def is_local(host: object) -> bool:
    """Tell whether a host, as given to a socket or a resolver, is this machine's loopback."""
    if isinstance(host, bytes):
        host = host.decode("ascii", errors="replace")
    if host is None or host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


class NetworkGuard:
    """Refuses what is not loopback while installed, and keeps a list of what was tried.

    The list is what makes the guard bite: the engine treats a bidder that raises as one that passed, so an exception
    alone could vanish. Only this process is guarded, and only Python's own sockets.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put the guard in front of connecting, sending and resolving, until `patch` is undone."""
        for name in ("connect", "connect_ex"):
            self._guard_socket(patch, name, address_at=0)
        self._guard_socket(patch, "sendto", address_at=-1)
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            self._guard_resolver(patch, name)

    def _guard_socket(self, patch: pytest.MonkeyPatch, name: str, *, address_at: int) -> None:
        original = getattr(socket.socket, name)

        def guarded(sock: socket.socket, *arguments: Any) -> Any:
            address = arguments[address_at]
            if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
                self._refuse(f"{name} to {address[0]}:{address[1]}")
            return original(sock, *arguments)

        patch.setattr(socket.socket, name, guarded)

    def _guard_resolver(self, patch: pytest.MonkeyPatch, name: str) -> None:
        original = getattr(socket, name)

        def guarded(host: object, *arguments: Any, **keywords: Any) -> Any:
            if not is_local(host):
                self._refuse(f"{name} of {host!r}")
            return original(host, *arguments, **keywords)

        patch.setattr(socket, name, guarded)

    def _refuse(self, attempt: str) -> None:
        self.attempts.append(attempt)
        raise NetworkBlocked(f"a test may reach loopback only, and tried: {attempt}")
