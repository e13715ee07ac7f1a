"""The reader is the node's own half: what it answers is in test_embedded_reading.py; here, that it is that half."""

from datasouk.node.embedded import EmbeddedNode
from datasouk.node.reading import LedgerReader


def test_the_node_reads_through_it_and_changes_nothing_of_it() -> None:
    calls = {name for name in vars(LedgerReader) if not name.startswith("_")}
    assert {"message", "raw", "find", "metadata", "output", "balance", "inclusion_path"} <= calls
    assert not calls & set(vars(EmbeddedNode))
