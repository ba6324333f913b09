"""Frozen values that are cheap to make: a simulated auction makes some thirty of them.

The constructor of a frozen dataclass must go around its own lock for every field, which costs several
times what setting the field does. A light one goes around it once, however many fields there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

_Value = TypeVar("_Value")

# Sets an object's class although the class lets nothing be set.
_set_class: Callable[[object, type], None] = vars(object)["__class__"].__set__


def light(cls: type[_Value]) -> type[_Value]:
    """Give a frozen dataclass with slots a constructor that fills an open twin and then closes it.

    Values are as they were, and as immutable; only making one is quicker.

    Args:
        cls: a dataclass with `frozen=True, slots=True`, whose fields have plain defaults or none.

    Returns:
        The same class.
    """
    known: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]  # a type variable cannot say "dataclass"
    names: dict[str, Any] = {
        "set_class": _set_class,
        "opened": type(f"Open{cls.__name__}", (), {"__slots__": [field.name for field in known]}),
        "closed": cls,
        "defaults": {field.name: field.default for field in known},
    }
    parameters = (
        field.name if field.default is MISSING else f"{field.name}=defaults[{field.name!r}]" for field in known
    )
    lines = [
        f"def __init__(self, {', '.join(parameters)}):",
        "set_class(self, opened)",
        *(f"self.{field.name} = {field.name}" for field in known),
        "self.__class__ = closed",
        *(["self.__post_init__()"] if hasattr(cls, "__post_init__") else []),
    ]
    # As `dataclass` and `namedtuple` do: a constructor that takes its fields by name must be written out.
    exec("\n    ".join(lines), names)
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    made.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]
    return cls
