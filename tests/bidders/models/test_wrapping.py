"""What models put around an answer is taken off, and nothing else is."""

from __future__ import annotations

import json

import httpx
import pytest
import respx
from hypothesis import example, given
from hypothesis import strategies as st

from bidders.models.wrapping import Spoken, without_fence, without_thoughts
from tests.bidders.models.asking import PROMPT, SHAPED, ask
from tests.bidders.models.sdks import OBJECT, SDKS, answer
from tests.fake_provider.formats import chat_reply

THOUGHT = {
    "thoughts": ("<think>\nHm.\n</think>\n\nTen.", "\n\nTen."),
    "thoughts after a blank": (" \n<think>Hm.</think>Ten.", "Ten."),
    "thoughts that the template began": ("Hm. The user\nwants ten.\n</think>\n\nTen.", "\n\nTen."),
    "thoughts without an end": ("<think>\nHm. The user", ""),
    "thoughts of thoughts": ("<think>a <think> tag</think>Ten.", "Ten."),
    "no thoughts": ("Ten.", "Ten."),
    "an answer about the mark": ("End a thought with </think> and go on.", "End a thought with </think> and go on."),
    "an answer with both marks": ("Write:\n<think>\nso\n</think>\nDone.", "Write:\n<think>\nso\n</think>\nDone."),
}
MARKDOWN = ("markdown", "md")
FENCED = {
    "a whole": ("```markdown\n# Plan\n\nTen.\n```", "# Plan\n\nTen."),
    "a whole with code in it": ("```md\na\n```python\nb\n```\nc\n```\n", "a\n```python\nb\n```\nc"),
    "two": ("```md\na\n```\nb\n```md\nc\n```", None),
    "code": ("```python\na\n```", None),
    "one among others": ("See:\n```md\na\n```", None),
    "one that is not closed": ("```md\na", None),
    "one that something follows": ("```md\na\n``` b", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize("case", THOUGHT)
def test_thoughts_are_taken_off(case: str) -> None:
    text, left = THOUGHT[case]
    assert without_thoughts(text) == left


@pytest.mark.parametrize("case", FENCED)
def test_a_fence_around_the_whole_is_taken_off(case: str) -> None:
    text, left = FENCED[case]
    assert without_fence(text, MARKDOWN) == (text if left is None else left)


@given(st.text())
def test_a_text_without_marks_stays_as_it_is(text: str) -> None:
    if "</think>" not in text and not text.lstrip().startswith("<think>"):
        assert without_thoughts(text) == text
    if "```" not in text:
        assert without_fence(text, MARKDOWN) == text
        assert without_fence(f"```md\n{text}\n```", MARKDOWN) == text.rstrip()


@given(st.sampled_from(["", "<think>Hm.\n</think>", " \n<think></think>", "<th", "<"]), st.text(), st.integers(1, 9))
@example("<th", " ", 1)
@example(" <th", "", 2)
def test_whoever_watches_hears_the_answer_alone(before: str, answer: str, size: int) -> None:
    text, spoken = before + answer, Spoken()
    heard = "".join(spoken.after(text[at : at + size]) for at in range(0, len(text), size))
    # An answer that ends where it may still become a thought is passed on with its end.
    is_undecided = "<think>".startswith(text.lstrip())
    assert heard == ("" if is_undecided else without_thoughts(text))


def test_of_an_object_both_are_taken_off_and_of_prose_the_thoughts() -> None:
    said = f"<think>\nLow.\n</think>\n```json\n{OBJECT}\n```"
    with respx.mock() as router:
        router.post("http://thinker.test/v1/chat/completions").mock(
            return_value=httpx.Response(200, json=chat_reply(answer(said)))
        )
        model = SDKS["openai"].model(base_url="http://thinker.test/v1")
        assert json.loads(ask(model, SHAPED).text) == json.loads(OBJECT)
        assert ask(model, PROMPT).text == f"\n```json\n{OBJECT}\n```"


def test_thoughts_are_paid_for_where_nobody_counts_them() -> None:
    said = answer("<think>" + "so " * 60 + "</think>Ten.", usage=None)
    with respx.mock() as router:
        router.post("http://thinker.test/v1/chat/completions").respond(json=chat_reply(said))
        found = ask(SDKS["openai"].model(base_url="http://thinker.test/v1", reasoning_tokens_max=1000), PROMPT)
    assert found.text == "Ten."
    assert found.usage.estimated
    assert found.usage.output_tokens > 60
