"""Problems of a config: gathered, put in the operator's words, and reported together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.config.document import Document, KeyPath
from orchestrator.errors import InvalidConfig
from orchestrator.plugins import suggestion

_SHOWN_CHARACTERS_MAX: Final = 40
_EXPECTED: Final = {
    "bool": "true or false",
    "dict": "a mapping of keys to values",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a mapping of keys to values",
    "string": "a word",
}


class Problems:
    """Everything that is wrong with one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        # A dict, because what aliases share or twins inherit would otherwise be reported twice.
        self._found: dict[str, int] = {}

    def add(self, path: KeyPath, problem: str) -> None:
        """Note a problem at a key."""
        self._found[f"{self._document.place(path)}: {problem}"] = self._document.line(path)

    def add_validation(self, error: ValidationError, model: type[BaseModel]) -> None:
        """Note all that pydantic found, in our words."""
        for detail in error.errors(include_url=False):
            path = detail["loc"]
            if detail["type"] == "extra_forbidden":
                known = _fields_at(model, path[:-1])
                self.add(path, f"unknown key{suggestion(str(path[-1]), known) or _listed(known)}")
            elif detail["type"] == "missing":
                self.add(path, "is required but missing")
            else:
                self.add(path, _in_words(detail))

    def raise_any(self) -> None:
        """Raise if there were any problems, one line each, in order of line.

        Raises:
            InvalidConfig: there were.
        """
        if self._found:
            raise InvalidConfig("\n".join(sorted(self._found, key=lambda problem: self._found[problem])))


def _in_words(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    shown = _shown(detail["input"])
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        return f"must be one of {', '.join(expected)}, not {shown}{suggestion(str(detail['input']), expected)}"
    wanted = _EXPECTED.get(kind.rpartition("_")[0])
    if kind.endswith("_type") and wanted:
        return f"must be {wanted}, not {shown}"
    said = detail["msg"].replace("Input should be", "must be")
    for sign, plain in (("greater than or equal to", "at least"), ("less than or equal to", "at most")):
        said = said.replace(sign, plain)
    return f"{said}, not {shown}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[: _SHOWN_CHARACTERS_MAX - 1]}…"


def _listed(known: list[str]) -> str:
    return f"; known here: {', '.join(known)}"


def _fields_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Names of the keys that may stand at a path; an index or a free name leads to an entry of the same kind."""
    current: Any = model
    for part in path:
        if isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation)
    return list(current.model_fields)


def _model_in(annotation: Any) -> Any:
    """The model inside an annotation such as `list[Model]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inside = map(_model_in, getattr(annotation, "__args__", ()))
    return next((found for found in inside if found is not None), None)
