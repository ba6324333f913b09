"""The library litellm, kept to our rules: no network when it is imported, no retry of its own, nothing made up."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import Any, Final

from bidders.models.extras import import_extra
from bidders.models.per_loop import PerLoop
from bidders.models.reply import Reply, items_at, part
from orchestrator.errors import UnreadableReply

# What it otherwise fetches from the network, when it is imported or first asks Anthropic.
_LOCAL_TABLES: Final = ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS")
# A client that it makes when it first streams, and would use in later loops too, where its connections are dead.
_SHARED_CLIENT: Final = "module_level_aclient"
_is_asked_once: Final[ContextVar[bool]] = ContextVar("is_asked_once", default=False)


def import_litellm() -> Any:
    """Import litellm so that it fetches no tables from the network and prints no advice; takes seconds."""
    for variable in _LOCAL_TABLES:
        os.environ.setdefault(variable, "True")
    litellm: Any = import_extra("litellm", "litellm")
    litellm.suppress_debug_info = True
    # Its other transport leaves connections open when an event loop ends.
    litellm.disable_aiohttp_transport = True
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    _guard_retry(import_extra("litellm.llms.custom_httpx.http_handler", "litellm").AsyncHTTPHandler)
    return litellm


@contextmanager
def asked_once() -> Iterator[None]:
    """Within this, litellm makes a call once, even where its connection is lost.

    No setting says so: where a connection breaks, its handler asks again by itself. The provider
    may charge both calls, while the worst case of one is held.
    """
    token = _is_asked_once.set(True)
    try:
        yield
    finally:
        _is_asked_once.reset(token)


def as_sent(reply: Reply, stream: Any, where: str) -> Reply:
    """A streamed answer without what litellm made up: an ending, and counts, where the provider sent none.

    Args:
        reply: what litellm passed on.
        stream: the stream that it came from, read to its end.
        where: the model and its provider, for the message.

    Raises:
        UnreadableReply: the provider never said that the answer was whole.
    """
    endings = [getattr(stream, name, "") for name in ("received_finish_reason", "intermittent_finish_reason")]
    if all(ending is None for ending in endings):
        raise UnreadableReply(f"{where} broke off its answer")
    is_counted = any(part(chunk, "usage") is not None for chunk in items_at(stream, "chunks"))
    return reply if is_counted else replace(reply, usage=None)


def _guard_retry(handler: Any) -> None:
    ask_again = getattr(handler, "single_connection_post_request", None)
    if ask_again is None or hasattr(ask_again, "__wrapped__"):
        return

    @wraps(ask_again)
    async def ask_again_for_others(*args: Any, **kwargs: Any) -> Any:
        # It is called where the loss of the connection is handled.
        lost = sys.exception()
        if lost is not None and _is_asked_once.get():
            raise lost
        return await ask_again(*args, **kwargs)

    handler.single_connection_post_request = ask_again_for_others


async def _close_clients(litellm: Any) -> None:
    """Close the clients that litellm keeps for this loop: it marks them with the loop's id, and closes none."""
    cache = litellm.in_memory_llm_clients_cache
    mark = f"-{id(asyncio.get_running_loop())}"
    for key in [key for key in cache.cache_dict if str(key).endswith(mark)]:
        client = cache.cache_dict[key]
        cache.delete_cache(key)
        if vars(litellm).get(_SHARED_CLIENT) is client:
            delattr(litellm, _SHARED_CLIENT)
        await client.close()
    # One turn of the loop, in which it lets go of the sockets.
    for _ in range(5):
        await asyncio.sleep(0)


clients: Final[PerLoop[Any]] = PerLoop(import_litellm, _close_clients)
"""litellm for each event loop; its clients close with the loop."""
