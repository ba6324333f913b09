"""What `orchestrator` exports is complete, can be imported, and says what it is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import orchestrator
from orchestrator import errors

SOURCE = Path(orchestrator.__file__)

# Names that are neither class, function nor module, and so can have no docstring of their own.
ALIASES = {"Event", "Finish", "Role", "Status"}


def type_only_names(source: str) -> set[str]:
    """What a module imports for type checkers only, which must be what it loads when asked."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            imports = [each for each in node.body if isinstance(each, ast.ImportFrom)]
            names |= {alias.name for each in imports for alias in each.names}
    return names


def undocumented(name: str, value: Any) -> Iterator[str]:
    """A name, or the public methods of a class, where the docstring is missing or made by Python."""
    said = value.__dict__.get("__doc__") if inspect.isclass(value) else value.__doc__
    if not said or said.startswith(f"{getattr(value, '__name__', name)}("):
        yield name
    if inspect.isclass(value):
        for key, member in value.__dict__.items():
            function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if key.startswith("_") or not (inspect.isfunction(function) or isinstance(function, property)):
                continue
            if not function.__doc__:
                yield f"{name}.{key}"


def test_everything_exported_can_be_imported() -> None:
    for name in orchestrator.__all__:
        assert getattr(orchestrator, name) is not None, name


def test_all_is_sorted_and_lists_every_public_name_once() -> None:
    assert orchestrator.__all__ == sorted(set(orchestrator.__all__))
    assert set(orchestrator.__all__) == type_only_names(SOURCE.read_text())
    assert set(orchestrator.__all__) - {"errors"} == set(orchestrator._HOME_OF)


def test_a_name_missing_for_type_checkers_is_noticed() -> None:
    source = SOURCE.read_text()
    assert source.count("        Announcement,\n") == 1
    assert set(orchestrator.__all__) != type_only_names(source.replace("        Announcement,\n", ""))


def test_names_are_exported_from_where_they_are_defined() -> None:
    for name, home in orchestrator._HOME_OF.items():
        value = getattr(orchestrator, name)
        if name not in ALIASES:
            assert value.__module__.startswith(home), name


def test_dir_lists_what_is_exported() -> None:
    assert set(orchestrator.__all__) <= set(dir(orchestrator))


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Markt'"):
        orchestrator.Markt  # noqa: B018
    with pytest.raises(ImportError):
        from orchestrator import Markt  # noqa: F401


def test_a_star_import_gives_what_is_exported() -> None:
    given: dict[str, Any] = {}
    exec("from orchestrator import *", given)
    assert set(orchestrator.__all__) <= set(given)


@pytest.mark.parametrize("name", sorted(set(orchestrator.__all__) - ALIASES))
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert list(undocumented(name, getattr(orchestrator, name))) == []


@pytest.mark.parametrize("name", sorted(vars(errors).keys() - {"annotations"}))
def test_every_error_has_a_docstring(name: str) -> None:
    value = getattr(errors, name)
    if inspect.isclass(value):
        assert list(undocumented(name, value)) == []


def test_aliases_are_aliases() -> None:
    for name in ALIASES:
        value = getattr(orchestrator, name)
        assert not inspect.isclass(value)
        assert not inspect.isfunction(value)
        assert not isinstance(value, ModuleType)


class Bare:
    def method(self) -> None: ...

    @property
    def figure(self) -> int:
        return 0


class AutomaticallyDescribed(NamedTuple):
    field: int


def bare() -> None: ...


def test_missing_docstrings_are_noticed_on_classes_methods_properties_and_functions() -> None:
    assert list(undocumented("Bare", Bare)) == ["Bare", "Bare.method", "Bare.figure"]
    assert list(undocumented("AutomaticallyDescribed", AutomaticallyDescribed)) == ["AutomaticallyDescribed"]
    assert list(undocumented("bare", bare)) == ["bare"]


@pytest.mark.parametrize("package", ["orchestrator", "bidders"])
def test_a_type_checker_believes_the_annotations_of_an_installed_package(package: str) -> None:
    assert (SOURCE.parents[1] / package / "py.typed").is_file()
