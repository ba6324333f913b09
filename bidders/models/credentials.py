"""Keys come from the environment, at the moment of a call, and are kept nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.errors import Unauthorised

NO_KEY: Final = "none"
"""What is sent where an endpoint needs no key: without one, libraries refuse, or look for the user's other keys."""

_NAMED_AS_KEY: Final = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)(_ID)?$", re.IGNORECASE)
# Whose names litellm's variables for a provider begin with, where that is not the provider's own.
_MAKERS: Final = {
    "ai21_chat": ("AI21",),
    "bedrock": ("AWS",),
    "gemini": ("GOOGLE",),
    "huggingface": ("HF",),
    "sagemaker": ("AWS",),
    "text-completion-openai": ("OPENAI",),
    "vertex_ai": ("GOOGLE", "VERTEX"),
}
# Shorter ones are no keys, and taking them out of a message would garble it.
_KEY_CHARACTERS_MIN: Final = 8


def key_variables() -> Sequence[str]:
    """The environment variables that are named as those that hold keys are."""
    return [name for name in os.environ if _NAMED_AS_KEY.search(name)]


def variables_of(provider: str) -> Sequence[str]:
    """The environment variables from which litellm may have a provider's key.

    Args:
        provider: its name, as litellm writes it.

    Returns:
        Those that are set and named after the provider; where none is, the name that litellm usually
        looks for.
    """
    plain = re.sub(r"\W|_", "", provider.upper())
    makers = (plain, *_MAKERS.get(provider, ()))
    named = [name for name in key_variables() if name.upper().replace("_", "").startswith(makers)]
    return named or [f"{re.sub(r'[^A-Z0-9]', '_', provider.upper())}_API_KEY"]


def not_accepted(variables: Sequence[str]) -> str:
    """What a provider does that does not accept a key, and what to do about it.

    Args:
        variables: those that hold the key; empty where none was sent.
    """
    if not variables:
        return "takes no call without a key; name the environment variable that holds one with api_key_env"
    return f"does not accept the key; check the environment variable {' or '.join(variables)}"


def values_of(variables: Iterable[str]) -> Sequence[str]:
    """The keys that some environment variables hold now."""
    held = (os.environ.get(name, "").strip() for name in variables if name)
    return [key for key in held if len(key) >= _KEY_CHARACTERS_MIN]


def read_key(variable: str, where: str) -> str:
    """The key that an environment variable holds.

    Args:
        variable: its name; empty where the endpoint needs no key.
        where: the model and its provider, for the message.

    Returns:
        The key; empty where none is needed.

    Raises:
        Unauthorised: the variable is not set, or holds what cannot be a key.
    """
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise Unauthorised(f"{where} needs a key: set the environment variable {variable}")
    if not key.isascii() or not key.isprintable():
        raise Unauthorised(f"{where}: the environment variable {variable} holds characters that no key has")
    return key
