"""Light values are frozen dataclasses in all but what making one costs."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from inspect import signature

import pytest
from pydantic import TypeAdapter

from orchestrator.core.answer import Answer
from orchestrator.core.light import light
from orchestrator.core.state import Segment, State


@dataclass(frozen=True, slots=True)
class Plain:
    """A frozen dataclass as Python makes it."""

    bidder: str
    nanos: int = 7
    segments: tuple[str, ...] = ()


@light
@dataclass(frozen=True, slots=True)
class Light:
    """The same, made light."""

    bidder: str
    nanos: int = 7
    segments: tuple[str, ...] = ()


def test_a_light_value_is_made_read_and_compared_as_a_plain_one() -> None:
    assert str(Light("ann", segments=("a",))) == str(Plain("ann", segments=("a",))).replace("Plain", "Light")
    assert Light("ann") == Light(bidder="ann", nanos=7) != Light("ann", 8)
    assert hash(Light("ann")) == hash(Plain("ann"))
    assert type(Light("ann")) is Light
    assert list(signature(Light).parameters) == list(signature(Plain).parameters)
    assert [each.default for each in signature(Light).parameters.values()] == [
        each.default for each in signature(Plain).parameters.values()
    ]


@pytest.mark.parametrize("name", ["bidder", "nanos", "unheard_of"])
def test_nothing_of_a_light_value_can_be_set_or_deleted(name: str) -> None:
    made = Light("ann")
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(made, name, "bob")
    with pytest.raises((FrozenInstanceError, TypeError)):
        delattr(made, name)
    assert made == Light("ann")


def test_a_light_value_refuses_what_a_plain_one_refuses() -> None:
    for kind in (Plain, Light):
        with pytest.raises(TypeError, match="bidder"):
            kind()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unheard_of"):
            kind("ann", unheard_of=1)  # type: ignore[call-arg]


def test_a_light_value_survives_copying_pickling_replacing_and_the_record() -> None:
    answer = Answer("ann", "bid", 5, observed=(("stage", 1.0),))
    adapter = TypeAdapter(Answer)
    assert copy.deepcopy(answer) == pickle.loads(pickle.dumps(answer)) == answer
    assert adapter.validate_python(adapter.dump_python(answer, mode="json")) == answer
    assert replace(answer, amount_nanos=6) == Answer("ann", "bid", 6, observed=(("stage", 1.0),))


def test_what_a_light_value_works_out_for_itself_is_there_once_it_is_made() -> None:
    written = Segment("a")
    again = Segment("a", digest=written.digest)
    assert len(written.digest) == 64
    assert State((written,), "p").digest == State((again,), "p").digest != State((Segment("b"),), "p").digest
