"""Masking by the sponge: the vectors of the original, and that the reader ends where the sender does."""

from typing import Any

from hypothesis import given
from tests.mam.vectors import signs_of, trits_of_signs, vectors
from tests.strategies import trits, trytes

from datasouk.ternary.kernel import Sponge, sponge
from datasouk.ternary.trits import Trits


def sponge_after(*absorbed: str) -> Sponge:
    hasher = sponge()
    for text in absorbed:
        hasher.absorb(Trits.from_trytes(text))
    return hasher


@vectors("mask")
class TestVectors:
    def test_mask(self, number: int, entry: Any) -> None:
        hasher = sponge_after(*entry["absorb"])
        assert signs_of(hasher.mask(trits_of_signs(entry["plain"]))) == entry["masked"]
        assert hasher.state.to_trytes() == entry["state_after"]

    def test_unmask(self, number: int, entry: Any) -> None:
        hasher = sponge_after(*entry["absorb"])
        assert signs_of(hasher.unmask(trits_of_signs(entry["masked"]))) == entry["plain"]
        assert hasher.state.to_trytes() == entry["state_after"]


@given(trytes(1, 81), trits(0, 600))
def test_unmask_undoes_mask_and_leaves_the_same_sponge(key: str, plain: Trits) -> None:
    sender, reader = sponge_after(key), sponge_after(key)
    masked = sender.mask(plain)
    assert len(masked) == len(plain)
    assert reader.unmask(masked) == plain
    assert reader.state == sender.state


@given(trits(1, 300))
def test_another_key_gives_another_mask(plain: Trits) -> None:
    """Compared on the first 100 trits: two random masks of a few trits may well be equal."""
    padded = plain + Trits.zeros(100)
    assert sponge_after("KEY").mask(padded) != sponge_after("KEZ").mask(padded)


def test_whole_chunks_may_be_masked_one_by_one() -> None:
    plain = Trits.from_trytes("A" * 81 + "MESSAGE")
    together, apart = sponge_after("KEY"), sponge_after("KEY")
    masked = together.mask(plain)
    assert apart.mask(plain[:243]) + apart.mask(plain[243:]) == masked
    assert apart.state == together.state


def test_a_changed_trit_changes_everything_behind_its_chunk() -> None:
    plain = Trits.from_trytes("9" * 162)
    changed = Trits.from_trytes("A" + "9" * 161)
    one, other = sponge_after("KEY").mask(plain), sponge_after("KEY").mask(changed)
    assert one[1:243] == other[1:243]
    assert one[0] != other[0]
    assert sum(a != b for a, b in zip(one[243:], other[243:], strict=True)) > 100


def test_masking_nothing_changes_nothing() -> None:
    hasher = sponge_after("KEY")
    before = hasher.state
    assert hasher.mask(Trits.zeros(0)) == hasher.unmask(Trits.zeros(0)) == Trits.zeros(0)
    assert hasher.state == before
