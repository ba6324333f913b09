"""JSON schemas: what a provider takes of them, and objects that fit them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

# Constraints that some providers refuse in a schema; they are said in words instead, and what comes back is
# validated against all of them.
_SAID_IN_WORDS: Final = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
)
_LEFT_OUT: Final = ("title", "default", "examples")
_DEPTH_MAX: Final = 20
_TEXT_CHARACTERS: Final = 12


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as providers with strict structured output take it.

    Every key is required and no other allowed; bounds and patterns become part of the
    description, because most of these providers refuse them as keywords.

    Args:
        schema: a JSON schema of an object, as pydantic writes it.
    """
    strict: dict[str, Any] = _strict(schema)
    return strict


def _strict(value: Any) -> Any:
    if isinstance(value, list):
        return [_strict(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    words = [f"{key}: {value[key]}" for key in _SAID_IN_WORDS if key in value]
    kept = {key: each for key, each in value.items() if key not in (*_SAID_IN_WORDS, *_LEFT_OUT)}
    strict = {
        key: {name: _strict(inner) for name, inner in each.items()} if key in ("properties", "$defs") else _strict(each)
        for key, each in kept.items()
    }
    if words:
        strict["description"] = " ".join(filter(None, (str(value.get("description", "")), f"({', '.join(words)})")))
    if value.get("type") == "object" or "properties" in value:
        strict["additionalProperties"] = False
        strict["required"] = list(value.get("properties", {}))
    return strict


def fitting(schema: Mapping[str, Any], seed: int) -> Any:
    """A value that fits a schema, drawn with a seed: what a mock answers.

    Args:
        schema: a JSON schema of the kinds that pydantic writes for plain models: objects, arrays,
            enumerations, numbers with bounds, texts, unions and references.
        seed: equal seeds give equal values.
    """
    return _Fitting(schema, random.Random(seed)).value(schema, 0)


class _Fitting:
    """Draws a value for each part of a schema."""

    def __init__(self, root: Mapping[str, Any], draw: random.Random) -> None:
        self._definitions = root.get("$defs", {})
        self._draw = draw

    def value(self, schema: Mapping[str, Any], depth: int) -> Any:
        """A value that fits."""
        if depth > _DEPTH_MAX:
            return None
        if "$ref" in schema:
            return self.value(self._definitions[schema["$ref"].rpartition("/")[2]], depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._draw.choice(schema["enum"])
        for union in ("anyOf", "oneOf", "allOf"):
            if union in schema:
                return self.value(schema[union][0], depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        match schema.get("type"):
            case "object":
                return {name: self.value(each, depth + 1) for name, each in schema.get("properties", {}).items()}
            case "array":
                count = schema.get("minItems", 1)
                return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]
            case "integer":
                return self._integer(schema)
            case "number":
                return self._number(schema)
            case "boolean":
                return self._draw.random() < 0.5
            case "null":
                return None
        return self._text(schema)

    def _integer(self, schema: Mapping[str, Any]) -> int:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 101) - 1)
        return self._draw.randint(int(low), max(int(low), int(high)))

    def _number(self, schema: Mapping[str, Any]) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0.0))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 1.0))
        # Away from the ends, which may be excluded.
        return round(float(low + (high - low) * self._draw.uniform(0.05, 0.95)), 6)

    def _text(self, schema: Mapping[str, Any]) -> str:
        length = max(schema.get("minLength", 0), min(_TEXT_CHARACTERS, schema.get("maxLength", _TEXT_CHARACTERS)))
        return "".join(self._draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(length))
