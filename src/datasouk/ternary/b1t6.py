"""b1t6: bytes as trits, six for each byte, as the ledger's proof of work reads them.

A byte is a signed number v; v + 364 = 27 high + low, and low - 13 and high - 13 are written as three balanced trits
each, least significant first, low before high.  Source: TIP-5 (binary to ternary encoding), section b1t6.
"""

from datasouk.ternary.trits import Trits

__all__ = ["TRITS_PER_BYTE", "encode"]

TRITS_PER_BYTE = 6


def _planes_of_byte(byte: int) -> tuple[int, int]:
    signed = byte - 256 if byte >= 128 else byte
    high, low = divmod(signed + 364, 27)
    trits = Trits.from_value(low - 13, 3) + Trits.from_value(high - 13, 3)
    return trits.plus, trits.minus


_PLANES = tuple(_planes_of_byte(byte) for byte in range(256))


def encode(data: bytes) -> Trits:
    """Six trits for each byte."""
    plus = minus = 0
    for place, byte in enumerate(data):
        plus |= _PLANES[byte][0] << TRITS_PER_BYTE * place
        minus |= _PLANES[byte][1] << TRITS_PER_BYTE * place
    return Trits(plus, minus, TRITS_PER_BYTE * len(data))
