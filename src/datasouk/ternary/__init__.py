"""Balanced ternary: trits and trytes, the Curl-P sponge, and the fast engine behind it."""

from datasouk.ternary.errors import TernaryError
from datasouk.ternary.kernel import KERNEL_NAME
from datasouk.ternary.trits import ALPHABET, Trits, is_trytes

__all__ = ["ALPHABET", "KERNEL_NAME", "TernaryError", "Trits", "is_trytes"]
