r"""Text as trytes, two for each character, in the four dialects that are found in messages.

    ascii     character c -> ALPHABET[c mod 27], ALPHABET[c div 27]; holds U+0000 to U+02D8
    text      ascii, after each character from U+007F on has become ``\uXXXX`` (``TrytesHelper`` of iota.js)
    object    text of a JSON document without spaces (``objectToTrytes`` of iota.js)
    json      ascii of ``encodeURI`` of a JSON document: what the marketplace's publishing template sends

``trytes_to_json`` reads "json" as well as the older template's plain ascii JSON, and so "object" too.

Source: ``@iota/iota.js`` 1.8.6, ``utils/converter.js``, ``asciiHelper``, ``trytesHelper``; ECMA-262, encodeURI.
"""

import json
import re
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from datasouk.mam.checks import trits_of
from datasouk.mam.errors import InvalidText
from datasouk.ternary.trits import ALPHABET

__all__ = [
    "ascii_to_trytes",
    "json_to_trytes",
    "object_to_trytes",
    "text_to_trytes",
    "trytes_to_ascii",
    "trytes_to_json",
    "trytes_to_object",
    "trytes_to_text",
]

_LARGEST = 27 * 27 - 1
_PAIRS = tuple(ALPHABET[code % 27] + ALPHABET[code // 27] for code in range(_LARGEST + 1))
_NUMBERS = {character: number for number, character in enumerate(ALPHABET)}

# What encodeURI leaves alone: ECMA-262, uriReserved, uriUnescaped and "#".
_URI_SAFE = "~@#$&()*!+=:;,.?/'-_"
_ESCAPE = re.compile(r"\\u(\w{4})", re.ASCII)
_WRONG_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def ascii_to_trytes(text: str) -> str:
    """Two trytes for each character.

    Raises:
        InvalidText: A character is above U+02D8, which two trytes cannot hold (the original writes the word
            "undefined" there).
    """
    if not isinstance(text, str):
        raise InvalidText(f"the text must be a text, it is a {type(text).__name__}")
    try:
        return "".join([_PAIRS[ord(character)] for character in text])
    except IndexError:
        place = next(i for i, character in enumerate(text) if ord(character) > _LARGEST)
        raise InvalidText(
            f"character {place} is U+{ord(text[place]):04X}, two trytes hold characters up to U+{_LARGEST:04X}"
        ) from None


def trytes_to_ascii(trytes: str) -> str:
    """One character for every two trytes.

    Raises:
        InvalidTrytes: A character is outside ``9A-Z``.
        InvalidText: The number of trytes is odd.
    """
    trits_of("trytes", trytes)
    if len(trytes) % 2:
        raise InvalidText(f"the trytes length must be an even number, it is {len(trytes)}")
    numbers = [_NUMBERS[character] for character in trytes]
    return "".join([chr(low + 27 * high) for low, high in zip(numbers[::2], numbers[1::2], strict=True)])


def text_to_trytes(text: str) -> str:
    r"""Trytes of any text: characters from U+007F on are written as ``\uXXXX``, those beyond U+FFFF as two of these.

    Raises:
        InvalidText: A surrogate stands alone.
    """
    return ascii_to_trytes(_escape(text) if isinstance(text, str) else text)


def trytes_to_text(trytes: str) -> str:
    r"""The inverse of ``text_to_trytes``; nines at the end are padding.

    As in the original, a literal ``\u0041`` in the text comes back as ``A``.

    Raises:
        InvalidTrytes: A character is outside ``9A-Z``.
        InvalidText: A surrogate stands alone.
    """
    return _unescape(trytes_to_ascii(_strip(trytes)))


def object_to_trytes(value: Any) -> str:
    """Trytes of a JSON document, as ``objectToTrytes`` of iota.js.

    Raises:
        InvalidText: The value is no JSON document.
    """
    return text_to_trytes(_dump(value))


def trytes_to_object(trytes: str) -> Any:
    """The inverse of ``object_to_trytes``; nines at the end are padding.

    Raises:
        InvalidTrytes: A character is outside ``9A-Z``.
        InvalidText: There is nothing, half a character, or no JSON document in it.
    """
    trits_of("trytes", trytes)
    stripped = trytes.rstrip("9")
    if not stripped:
        raise InvalidText("the trytes do not contain any data")
    return _load(_unescape(trytes_to_ascii(stripped)))


def json_to_trytes(value: Any) -> str:
    """Trytes of a JSON document as the marketplace's publishing template sends it: percent-encoded.

    Raises:
        InvalidText: The value is no JSON document.
    """
    text = _dump(value)
    try:
        return ascii_to_trytes(quote(text, safe=_URI_SAFE))
    except UnicodeEncodeError:
        raise InvalidText("a surrogate stands alone in the JSON document") from None


def trytes_to_json(trytes: str) -> Any:
    """Read a JSON document sent by the publishing template, with or without percent-encoding.

    Raises:
        InvalidTrytes: A character is outside ``9A-Z``.
        InvalidText: It holds no JSON document.
    """
    text = trytes_to_ascii(_strip(trytes))
    # Percent-encoding leaves no quote and no brace, plain JSON of an object or a text begins with one.
    if "%" in text and not _WRONG_PERCENT.search(text) and not text.lstrip().startswith(("{", "[", '"')):
        try:
            text = unquote_to_bytes(text).decode()
        except UnicodeError:
            raise InvalidText("the percent-encoding is not that of UTF-8") from None
    return _load(text)


def _escape(text: str) -> str:
    if text.isascii() and "\x7f" not in text:
        return text
    try:
        units = text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise InvalidText("a surrogate stands alone in the text") from None
    codes = [units[i] << 8 | units[i + 1] for i in range(0, len(units), 2)]
    return "".join([chr(code) if code < 0x7F else f"\\u{code:04x}" for code in codes])


def _unescape(text: str) -> str:
    if "\\u" not in text:
        return text

    def unit(match: re.Match[str]) -> str:
        # parseInt() reads as many hexadecimal digits as there are; none at all gives the zero character.
        digits = re.match("[0-9A-Fa-f]*", match[1])
        return chr(int(digits[0], 16)) if digits and digits[0] else "\0"

    try:
        return _ESCAPE.sub(unit, text).encode("utf-16-be", "surrogatepass").decode("utf-16-be")
    except UnicodeDecodeError:
        raise InvalidText("a surrogate stands alone in the text") from None


def _strip(trytes: str) -> str:
    trits_of("trytes", trytes)
    stripped = trytes.rstrip("9")
    return stripped + "9" * (len(stripped) % 2)


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidText(f"the value is no JSON document: {type(error).__name__}") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _load(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidText(f"the {len(text)} characters are no JSON document") from None
