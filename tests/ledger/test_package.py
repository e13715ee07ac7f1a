import subprocess
import sys

import pytest

import datasouk.ledger


def test_public_names_exist_and_are_sorted_by_kind() -> None:
    for name in datasouk.ledger.__all__:
        assert hasattr(datasouk.ledger, name)
    assert len(set(datasouk.ledger.__all__)) == len(datasouk.ledger.__all__)


@pytest.mark.slow
def test_objects_need_no_cryptographic_library() -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None; import datasouk.ledger, datasouk.ledger.json;"
        "print(datasouk.ledger.Message(1, (bytes(32),)).message_id().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.strip()) == 64
