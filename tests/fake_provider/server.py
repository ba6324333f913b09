"""The provider itself: a FastAPI application served by uvicorn in a thread, on a port of loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from bidders.models.schema import fitting
from tests.fake_provider.books import Bill, Books, text_of, tokens_of, tokens_read
from tests.fake_provider.faults import Fault
from tests.fake_provider.formats import Answer, chat_events, chat_reply, message_events, message_reply

HUGE_CHARACTERS = 1_050_000


class FakeProvider:
    """A provider on loopback.

    Attributes:
        books: what it charged.
        requests: path, headers and body of every call, in order of arrival.
        faults: what the next calls meet, first come first served.
        says: what it answers to a body; by default something that depends on the prompt alone, and
            that fits the schema if one is asked for.
        refuses: words; a call whose body has such a key is refused, naming it.
        cached_tokens: how many tokens of each prompt it reads from its cache.
        reasoning_tokens: how many tokens of each answer are reasoning.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._server = uvicorn.Server(
            uvicorn.Config(self._application(), log_level="critical", lifespan="off", ws="none", http="h11")
        )
        self._thread = threading.Thread(target=self._serve, name="fake-provider", daemon=True)
        self.clear()

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def clear(self) -> None:
        """Behave well again, with empty books."""
        self.books = Books()
        self.requests: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []
        self.faults: deque[Fault] = deque()
        self.says: Callable[[dict[str, Any]], str] = default_answer
        self.refuses: tuple[str, ...] = ()
        self.cached_tokens = 0
        self.reasoning_tokens = 0
        self.running = 0
        self.running_max = 0

    def start(self) -> FakeProvider:
        """Serve; connections made before it is ready wait."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close all connections and end the thread."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _application(self) -> FastAPI:
        application = FastAPI()
        application.post("/v1/chat/completions")(self._chat)
        application.post("/v1/messages")(self._message)
        return application

    async def _chat(self, request: Request) -> Response:
        body = await self._noted(request)
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return await self._reply(body, chat_reply, lambda answer: chat_events(answer, with_usage))

    async def _message(self, request: Request) -> Response:
        return await self._reply(await self._noted(request), message_reply, message_events)

    async def _noted(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(await request.body())
        self.requests.append((request.url.path, request.headers, body))
        return body

    async def _reply(
        self,
        body: dict[str, Any],
        whole: Callable[[Answer], dict[str, Any]],
        events: Callable[[Answer], Iterator[bytes]],
    ) -> Response:
        refused = next((key for key in self.refuses if asks_for(body, key)), None)
        if refused is not None:
            return failed(Fault("status", 400, f"{refused} is not supported here", "invalid_request_error"))
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and fault.kind == "status":
            return failed(fault)
        self.running += 1
        self.running_max = max(self.running, self.running_max)
        try:
            await asyncio.sleep(0)
            answer = self._answer(body, fault)
        finally:
            self.running -= 1
        if fault is not None and fault.kind in ("garbage", "invalid utf-8"):
            return Response(
                b"<html>welcome</html>" if fault.kind == "garbage" else b'{"choices": 3, "content": "\xff\xfe'
            )
        self.books.bills.append(answer.bill)
        if body.get("stream"):
            return StreamingResponse(streamed(events(answer), fault), media_type="text/event-stream")
        if fault is not None and fault.kind in ("drip", "cut"):
            half = broken_off(json.dumps(whole(answer)).encode(), fault)
            return StreamingResponse(half, media_type="application/json")
        return JSONResponse(whole(answer))

    def _answer(self, body: dict[str, Any], fault: Fault | None) -> Answer:
        said = self.says(body)
        kind = fault.kind if fault else ""
        if kind == "huge":
            said = "ha " * (HUGE_CHARACTERS // 3)
        elif kind == "empty":
            said = ""
        most = HUGE_CHARACTERS if kind == "huge" else body.get("max_completion_tokens") or body["max_tokens"]
        tokens = tokens_of(said)[: most - self.reasoning_tokens]
        text = text_of(tokens)
        stop = "tool" if body.get("tools") or kind == "tool" else "length" if text != said else "stop"
        read = tokens_read(body)
        bill = Bill(read, len(tokens) + self.reasoning_tokens, min(self.cached_tokens, read), self.reasoning_tokens)
        size = 4 if len(text) < 10_000 else 5_000
        pieces = tuple(text[at : at + size] for at in range(0, len(text), size))
        usage = {"no usage": None, "usage": fault.usage if fault else None}.get(kind, ...)
        return Answer(text, pieces, stop, bill, body["model"], usage)


def default_answer(body: dict[str, Any]) -> str:
    """What is said where nobody says otherwise."""
    schema = schema_of(body)
    if schema is not None:
        return json.dumps(fitting(schema, int(body.get("seed", 7))))
    return f"I read {tokens_read(body)} tokens of yours, among them: {str(body['messages'][-1]['content'])[:80]}"


def schema_of(body: Mapping[str, Any]) -> Any:
    """The schema that a body asks for, wherever its format puts it."""
    if body.get("tools"):
        tool = body["tools"][0]
        return tool.get("input_schema") or tool["function"]["parameters"]
    asked = body.get("response_format") or {}
    if asked.get("type") == "json_schema":
        return asked["json_schema"]["schema"]
    if body.get("output_config"):
        return body["output_config"]["format"]["schema"]
    if body.get("output_format"):
        return body["output_format"]["schema"]
    content = body["messages"][-1]["content"]
    stated = (content if isinstance(content, str) else content[-1]["text"]).rpartition("no code fence.\n")
    return json.loads(stated[2]) if stated[1] else None


def asks_for(body: Mapping[str, Any], key: str) -> bool:
    """Whether a body has a key, or asks for a format of that name."""
    return key in body or (body.get("response_format") or {}).get("type") == key


def failed(fault: Fault) -> JSONResponse:
    """An error as both formats write it."""
    error = {"message": fault.message, "type": fault.code, "code": fault.code, "param": None}
    return JSONResponse({"type": "error", "error": error}, fault.status, headers=dict(fault.headers))


async def streamed(events: Iterator[bytes], fault: Fault | None) -> AsyncIterator[bytes]:
    """A stream, whole or as the fault has it."""
    for number, event in enumerate(events):
        if fault is not None and fault.kind in ("cut", "drip") and number == 4:
            await broken(fault)
        yield event.replace(b"text", b"t\xff\xfext") if fault is not None and fault.kind == "invalid utf-8" else event
        await asyncio.sleep(0)


async def broken_off(body: bytes, fault: Fault) -> AsyncIterator[bytes]:
    """The first half of a whole reply."""
    yield body[: len(body) // 2]
    await broken(fault)


async def broken(fault: Fault) -> None:
    """Close the connection, or say nothing more until the other side does."""
    if fault.kind == "cut":
        raise ConnectionResetError("the provider breaks off on purpose")
    await asyncio.sleep(3600)
