"""Stored bytes never change, so every payload that was ever written must still mean the same."""

from __future__ import annotations

import msgspec
import pytest

from domain.catalog import EVENT_TYPES, UPCASTS
from domain.kernel import Event
from tests.golden.samples import FILE, Sample, read_samples, unsampled

SAMPLES = read_samples()


def decoded(sample: Sample) -> Event:
    """As the mapper does it: decoded, or brought up step by step."""
    name, facts = sample.type, msgspec.json.decode(sample.payload)
    while name not in EVENT_TYPES:
        facts, name = UPCASTS[name].facts(facts), UPCASTS[name].next_type
    if name == sample.type:
        return msgspec.json.decode(sample.payload, type=EVENT_TYPES[name])
    return msgspec.convert(facts, EVENT_TYPES[name])


def test_every_type_and_every_field_has_a_sample() -> None:
    assert unsampled(EVENT_TYPES, SAMPLES) == (), "run: python -m tests.golden.add"


def test_no_type_that_was_released_has_vanished() -> None:
    assert {sample.type for sample in SAMPLES} <= EVENT_TYPES.keys() | UPCASTS.keys()


def test_no_sample_stands_there_twice() -> None:
    lines = FILE.read_bytes().splitlines()
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type)
def test_a_stored_payload_still_says_every_field_it_said(sample: Sample) -> None:
    """A renamed field, another type of value, a new meaning of a word: each needs a new version and an upcast."""
    expected = msgspec.json.decode(sample.becomes or sample.payload)
    assert msgspec.json.decode(msgspec.json.encode(decoded(sample))) == expected


def noun(event: Event) -> str:
    return event.TYPE.partition(".")[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type)
def test_a_stored_event_still_folds(sample: Sample) -> None:
    """Into the aggregate that the first event of its stream makes."""
    event = decoded(sample)
    siblings = (one for one in map(decoded, SAMPLES) if noun(one) == noun(event))
    aggregate = next(blank for blank in (one.create() for one in siblings) if blank is not None)
    assert event.mutate(aggregate) is aggregate
    assert aggregate.modified_at == event.at
