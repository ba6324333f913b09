"""A model that answers from a file of earlier calls, and one that writes such a file."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bidders.models.price import Price
from bidders.models.pricing import Pricing, read_reserve
from bidders.models.wire import completion_of, price_of, wire_completion, wire_price, wire_prompt
from orchestrator import Completion, Model, Money, Prompt, build_model, release_model
from orchestrator.errors import InvalidConfig, ProviderRefused

_VERSION: Final = 1
_SHOWN_CHARACTERS: Final = 80


def prompt_digest(prompt: Prompt) -> str:
    """What a prompt's recorded answer is found by: a hash of its messages, schema, length and seed."""
    canonical = json.dumps(wire_prompt(prompt), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class RecordedModel:
    """Replays calls from a file, with what they cost then; or makes calls and writes them to one.

    The file has a line of JSON for each call, after a first line that says whose calls they are. A
    prompt that is not in it fails loudly: an answer to another question would be worse than none.

    Args:
        path: the file to replay.
        output_path: the file to write; calls that are in it already are not made again.
        source: the model whose calls are written there: a model, or its type and options.
        reserve_per_call: what to hold for a call where the file knows no price.

    Raises:
        InvalidConfig: it is not said what to do, or the file is no such record.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        output_path: str | Path | None = None,
        source: Mapping[str, Any] | Model | None = None,
        reserve_per_call: str | int | None = None,
    ) -> None:
        if (path is None) == (output_path is None) or (output_path is None) != (source is None):
            raise InvalidConfig("a recorded model has a `path` to replay, or an `output_path` and a `source` to record")
        self._path = Path(path or output_path or "")
        self._source = None if source is None else build_model(source)
        self._lock = threading.Lock()
        self._completions: dict[str, Completion] = {}
        try:
            head = self._read_file() if path is not None or self._path.exists() else None
            self._head = head or self._new_head()
            self.pricing = Pricing(price_of(self._head.get("price")), read_reserve(reserve_per_call))
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """The name of the model whose calls they are."""
        return str(self._head["model"])

    @property
    def provider(self) -> str:
        """Who was paid for them."""
        return str(self._head["provider"])

    def cost_max(self, prompt: Prompt) -> Money | None:
        """Worst case of what the call cost, or now costs, the model whose calls they are."""
        if self._source is not None:
            return self._source.cost_max(prompt)
        known = self._completions.get(prompt_digest(prompt))
        if self.pricing.price is None and known is not None and known.cost is not None:
            return known.cost
        return self.pricing.cost_max(prompt)

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        """Answer from the file; where one is being written, ask its source for what is not there yet.

        Raises:
            ProviderRefused: the file has no answer to this prompt.
            ProviderError: the source's provider failed; failures are not recorded.
        """
        digest = prompt_digest(prompt)
        known = self._completions.get(digest)
        if known is not None:
            if on_text is not None:
                on_text(known.text)
            return known
        if self._source is None:
            raise ProviderRefused(self._missing(prompt, digest))
        completion = await self._source.complete(prompt, on_text)
        self._write(digest, prompt, completion)
        return completion

    def close(self) -> None:
        """Let go of the source."""
        source, self._source = self._source, None
        if source is not None:
            release_model(source)

    def _missing(self, prompt: Prompt, digest: str) -> str:
        last = " ".join(prompt.messages[-1].text.split()) if prompt.messages else ""
        return (
            f"{self._path} has no recorded answer to the prompt {digest[:12]} (seed {prompt.seed}, ending in "
            f"{last[-_SHOWN_CHARACTERS:]!r}); record it with the options output_path and source in place of path"
        )

    def _new_head(self) -> dict[str, Any]:
        if self._source is None:
            raise InvalidConfig(f"{self._path} holds no recorded calls")
        price: Price | None = getattr(getattr(self._source, "pricing", None), "price", None)
        head = {"version": _VERSION, "model": self._source.name, "provider": self._source.provider}
        self._append(head | {"price": wire_price(price)})
        return head | {"price": wire_price(price)}

    def _read_file(self) -> dict[str, Any] | None:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidConfig(f"{self._path} cannot be read: {error}") from error
        head: dict[str, Any] | None = None
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
                if head is None:
                    head = _checked_head(entry)
                else:
                    self._completions.setdefault(str(entry["digest"]), completion_of(entry["completion"]))
            except (ValueError, KeyError, TypeError, ArithmeticError) as error:
                raise InvalidConfig(f"{self._path}:{number}: this is no recorded call: {error!r}"[:300]) from error
        return head

    def _write(self, digest: str, prompt: Prompt, completion: Completion) -> None:
        with self._lock:
            if digest not in self._completions:
                self._completions[digest] = completion
                self._append(
                    {"digest": digest, "prompt": wire_prompt(prompt), "completion": wire_completion(completion)}
                )

    def _append(self, entry: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, sort_keys=True) + "\n")


def _checked_head(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict) or entry.get("version") != _VERSION:
        raise ValueError(f"the first line is no head of version {_VERSION}")
    if not isinstance(entry.get("model"), str) or not isinstance(entry.get("provider"), str):
        raise ValueError("the first line names no model and provider")
    price_of(entry.get("price"))
    return entry
