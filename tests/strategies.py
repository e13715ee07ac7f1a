"""What hypothesis draws from: trits, trytes and the texts and JSON documents that messages carry."""

from typing import Any

from hypothesis import strategies as st

from datasouk.ternary.trits import ALPHABET, Trits

# A lone surrogate is no character: no encoding can hold it.
characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=40)


def trits(least: int = 0, most: int = 300) -> st.SearchStrategy[Trits]:
    """Strings of ``least`` to ``most`` trits."""
    return st.lists(st.sampled_from((-1, 0, 1)), min_size=least, max_size=most).map(Trits.of)


def trytes(least: int = 0, most: int = 200) -> st.SearchStrategy[str]:
    """Texts of ``least`` to ``most`` trytes."""
    return st.text(ALPHABET, min_size=least, max_size=most)


def json_documents(strings: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Any]:
    """JSON documents with these texts in them."""
    numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | numbers | strings,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
        max_leaves=12,
    )
