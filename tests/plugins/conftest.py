"""Installs packages for a test as pip would, but without it: a dist-info folder on the path is all that counts."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parent
GROUP = "vickrey.bidders"


class Installer:
    """Makes distributions visible to this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = monkeypatch

    def package(self, name: str) -> None:
        """Install a package of this folder from its own pyproject."""
        project = tomllib.loads((PACKAGES / name / "pyproject.toml").read_text())["project"]
        self.distribution(project["name"], project["version"], project["entry-points"])
        self._patch.syspath_prepend(str(PACKAGES / name / "src"))

    def distribution(
        self,
        name: str,
        version: str,
        entry_points: Mapping[str, Mapping[str, str]],
        modules: Mapping[str, str] | None = None,
    ) -> Path:
        """Install a distribution; returns its dist-info folder."""
        site = self._folder / f"site-{name}-{version}"
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.3\nName: {name}\nVersion: {version}\n")
        lines = []
        for group, points in entry_points.items():
            lines += [f"[{group}]", *(f"{point} = {target}" for point, target in points.items()), ""]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, source in (modules or {}).items():
            (site / f"{module}.py").write_text(source)
        self._patch.syspath_prepend(str(site))
        importlib.invalidate_caches()
        return info


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    before = set(sys.modules)
    yield Installer(tmp_path, monkeypatch)
    for module in set(sys.modules) - before:
        if module.startswith(("vickrey_", "planted_")):
            del sys.modules[module]
