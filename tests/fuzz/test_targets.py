"""The corpus through every target, and a bounded number of mutations of it, without a fuzzer."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).with_name("corpus")
MUTATIONS = 300


def corpus(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def mutated(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(changed))
        match random.randrange(4):
            case 0:
                changed[at:at] = random.randbytes(random.randint(1, 8))
            case 1:
                del changed[at : at + random.randint(1, 8)]
            case 2:
                changed[at : at + 1] = random.choice((b"\0", b"\xff", b"\x7f", b"\x80"))
            case _:
                changed += changed[:at]
    return bytes(changed[:4096])


def test_every_target_has_a_corpus_and_no_corpus_lies_about() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_is_taken(target: str) -> None:
    assert corpus(target)
    for data in (b"", *corpus(target)):
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_mutations_of_the_corpus_are_taken(target: str) -> None:
    random = Random(target)  # noqa: S311 - the same every time
    seeds = corpus(target)
    for _ in range(MUTATIONS):
        TARGETS[target](mutated(random.choice(seeds), random))


@pytest.mark.parametrize("target", TARGETS)
def test_noise_is_taken(target: str) -> None:
    random = Random(target)  # noqa: S311 - the same every time
    for _ in range(MUTATIONS):
        TARGETS[target](random.randbytes(random.randint(0, 400)))
