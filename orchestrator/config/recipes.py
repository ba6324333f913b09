"""What a bidder's work follows from, as one digest: answers that were kept are its own while that is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.config.entries import is_path_option
from orchestrator.config.settings import BidderSpec, as_json
from orchestrator.core.keys import digest_text


def digest_recipe(spec: BidderSpec) -> str:
    """Digest a bidder's type, its options, and the files that these name, such as a prompt.

    Its model is among the options. Its name, wealth, deadlines and policy are left out, which say
    what it bids and not what it delivers; and so are secrets, which are renewed.
    """
    options = as_json(spec.options)
    return digest_text(json.dumps([spec.type, options, list(_file_digests(options))], sort_keys=True))


def _file_digests(value: Any, key: str = "") -> Iterator[str]:
    """Digests of the files that options name; folders are left out, for they may hold anything."""
    if isinstance(value, Mapping):
        for inner_key, inner in value.items():
            yield from _file_digests(inner, inner_key)
    elif isinstance(value, list):
        for inner in value:
            yield from _file_digests(inner, key)
    elif isinstance(value, str) and is_path_option(key) and Path(value).is_file():
        yield hashlib.sha256(Path(value).read_bytes()).hexdigest()
