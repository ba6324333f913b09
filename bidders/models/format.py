"""How endpoints are asked and how they answer: what every format of a provider has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Set
from dataclasses import dataclass
from typing import Any

from bidders.models.reply import Heard, Reply
from bidders.models.settings import Mode
from orchestrator import Finish, Prompt, Usage
from orchestrator.errors import UnreadableReply


@dataclass(frozen=True, slots=True)
class Question:
    """What an endpoint is asked, and how.

    Attributes:
        prompt: what is asked.
        mode: how an object is asked for; None for prose.
        lacking: features that the endpoint is not asked for.
    """

    prompt: Prompt
    mode: Mode | None
    lacking: Set[str]


class StreamedAnswer(ABC):
    """Puts a streamed answer together; each format says what its events mean.

    Args:
        heard: where each piece of text is noted.
        mode: how an object was asked for.
    """

    def __init__(self, heard: Heard, mode: Mode | None) -> None:
        self._heard = heard
        self._mode = mode
        self._usage: Usage | None = None
        self._finish: Finish = "unknown"
        self._model = ""
        self._has_ended = False

    @abstractmethod
    def take(self, event: Any) -> None:
        """Take the next event."""

    async def read(self, events: AsyncIterable[Any], where: str) -> Reply:
        """Take all events.

        Args:
            events: the provider's, as they arrive.
            where: the model and its provider, for the message.

        Raises:
            UnreadableReply: they stopped before the answer's end.
        """
        self._heard.began = True
        async for event in events:
            self.take(event)
        if not self._has_ended:
            raise UnreadableReply(f"{where} broke off its answer")
        return Reply(self._heard.text, self._usage, self._finish, self._model)


@dataclass(frozen=True, slots=True)
class Format:
    """A format in which endpoints are asked and answer.

    Attributes:
        answer_name: what it calls an answer, for messages.
        modes: how it can be asked for an object, best first.
        arguments: what a call is given, apart from the model.
        stream_arguments: what a streamed call is given besides.
        whole_answer: reads an answer that was asked for in a mode; None where it is no answer at all.
        streamed_answer: reads one that arrives in events.
    """

    answer_name: str
    modes: tuple[Mode, ...]
    arguments: Callable[[Question], dict[str, Any]]
    stream_arguments: Callable[[Question], dict[str, Any]]
    whole_answer: Callable[[Any, Mode | None], Reply | None]
    streamed_answer: type[StreamedAnswer]

    def read(self, answer: Any, question: Question, where: str) -> Reply:
        """Read a whole answer.

        Raises:
            UnreadableReply: it is no answer in this format at all.
        """
        reply = self.whole_answer(answer, question.mode)
        if reply is None:
            raise UnreadableReply(f"{where} sent no {self.answer_name}; check its address", cost_nanos=None)
        return reply

    async def read_stream(self, events: AsyncIterable[Any], question: Question, heard: Heard, where: str) -> Reply:
        """Read a streamed answer to its end; what arrives is noted as it comes.

        Raises:
            UnreadableReply: it stopped before its end.
        """
        return await self.streamed_answer(heard, question.mode).read(events, where)
