import random
from typing import Any

import pytest
from tests.mam.vectors import sha256_of, vectors
from tests.ternary.oracle import random_trits

from datasouk.mam.keys import addresses, one_time_keys
from datasouk.mam.merkle import MerkleTree, root_from_siblings
from datasouk.ternary.curl import hash_once
from datasouk.ternary.trits import Trits


@vectors("merkle", "count", "security")
def test_tree(number: int, entry: Any) -> None:
    seed, start, security = Trits.from_trytes(entry["seed"]), entry["start"], entry["security"]
    leaves = addresses(seed, range(start, start + entry["count"]), security)
    tree = MerkleTree(leaves)
    assert tree.root.to_trytes() == entry["root"]
    for part in entry["subtrees"]:
        index = part["index"]
        leaf, siblings = leaves[index], tree.siblings(index)
        assert leaf.to_trytes() == part["leaf_address"]
        assert [sibling.to_trytes() for sibling in siblings] == part["siblings"]
        assert root_from_siblings(leaf, index, siblings).to_trytes() == part["recomputed_root"]
        [key] = one_time_keys(seed, [start + index], security)
        assert sha256_of(key.private_key(security).to_trytes()) == part["key_sha256"]


def leaves_of(count: int) -> list[Trits]:
    source = random.Random(f"leaves {count}")
    return [random_trits(source, 243) for _ in range(count)]


def test_one_leaf_is_its_own_root() -> None:
    [leaf] = leaves_of(1)
    tree = MerkleTree([leaf])
    assert tree.root == leaf
    assert tree.siblings(0) == []
    assert root_from_siblings(leaf, 0, []) == leaf


def test_a_parent_is_the_hash_of_its_children_in_order() -> None:
    one, two = leaves_of(2)
    assert MerkleTree([one, two]).root == hash_once(one + two)
    assert MerkleTree([two, one]).root == hash_once(two + one)


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16, 64])
def test_every_leaf_of_a_full_tree_leads_to_the_root(count: int) -> None:
    leaves = leaves_of(count)
    tree = MerkleTree(leaves)
    for index, leaf in enumerate(leaves):
        siblings = tree.siblings(index)
        assert 2 ** len(siblings) == count
        assert root_from_siblings(leaf, index, siblings) == tree.root


@pytest.mark.parametrize("count", range(3, 14))
def test_a_leaf_leads_to_the_root_unless_it_moves_up_alone(count: int) -> None:
    """In a row of odd length the last node counts as its own sibling: the quirk of the original."""
    leaves = leaves_of(count)
    tree = MerkleTree(leaves)
    for index, leaf in enumerate(leaves):
        width, place, is_alone = count, index, False
        while width > 1:
            is_alone = is_alone or (place == width - 1 and width % 2 == 1)
            width, place = (width + 1) // 2, place // 2
        leads = root_from_siblings(leaf, index, tree.siblings(index)) == tree.root
        assert leads is not is_alone


@pytest.mark.parametrize("change", ["index", "sibling", "order"])
def test_another_path_leads_elsewhere(change: str) -> None:
    leaves = leaves_of(8)
    tree = MerkleTree(leaves)
    index, siblings = 5, tree.siblings(5)
    if change == "index":
        index = 4
    elif change == "sibling":
        siblings[1] = leaves[0]
    else:
        siblings.reverse()
    assert root_from_siblings(leaves[5], index, siblings) != tree.root


def test_bits_of_the_index_above_the_tree_do_not_count() -> None:
    leaves = leaves_of(4)
    tree = MerkleTree(leaves)
    assert root_from_siblings(leaves[1], 1 + 4 * 12345, tree.siblings(1)) == tree.root
