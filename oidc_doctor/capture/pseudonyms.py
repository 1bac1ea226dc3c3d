"""Replace words and addresses by pseudonyms of the same shape, under a key that only the user knows.

A letter becomes a letter of the same case, a digit a digit, punctuation stays. The image of a character depends on the
characters before it in the word, so two words share a prefix exactly as long as their pseudonyms do. Upper and lower
case are treated alike, so texts that differ only in case still do. Addresses use Crypto-PAn (Xu and others, 2002);
words use the same idea on letters.
"""

from __future__ import annotations

import hashlib
import ipaddress
from functools import lru_cache
from typing import Final, Literal

Mode = Literal["prefix", "letters"]

_HEX: Final = "abcdef"
_REST: Final = "ghijklmnopqrstuvwyz"  # x is kept: a run of three is a placeholder, and no other word may become one
_DIGITS: Final = "0123456789"
_BASE_16: Final = frozenset("0123456789abcdef_-")
_BLOCK: Final = 64  # adjacent code points of one script
_IPV4_BITS: Final = 32
_SHARED_OCTETS: Final = frozenset((100, 169, 172, 192, 198, 203))  # two octets identify the special networks there
_MOST_KEPT: Final = 100_000  # words
_MOST_TABLES: Final = 10_000
_LONG: Final = 256  # characters of a word; longer words use one table per block
_LONG_BLOCK: Final = 512


class Cipher:
    """The pseudonyms of one redaction.

    `mode` prefix: as described above. letters: one substitution of letters for all positions, which also keeps equal
    pieces in the middle and at the end of words; weaker, and used only where a pattern needs it.
    """

    def __init__(self, key: bytes, mode: Mode = "prefix", kept_starts: frozenset[str] = frozenset()) -> None:
        self.key = key
        self.mode: Mode = mode
        self._kept: dict[str, set[str]] = {}
        for start in kept_starts:
            low = start.lower()[:_LONG]
            for index, character in enumerate(low):
                self._kept.setdefault(low[:index], set()).add(character)
        self._tables: dict[tuple[str, bool], dict[str, str]] = {}
        self._words: dict[str, str] = {}

    def word(self, text: str) -> str:
        """Return the pseudonym of a word; it has the word's length."""
        pseudonym = self._words.get(text)
        if pseudonym is None:
            pseudonym = self._beginning(text[:_LONG])
            if len(text) > _LONG:
                return pseudonym + self._long(text)
            if len(self._words) < _MOST_KEPT:
                self._words[text] = pseudonym
        return pseudonym

    def _long(self, text: str) -> str:
        """Return the rest of the pseudonym of a long word: each block has one table, which the text before decides.

        So the work grows with the length and not with its square, and two words still share a prefix exactly as long
        as their pseudonyms do.
        """
        pieces: list[str] = []
        groups = [_HEX, _REST, _DIGITS]
        digest = self._digest("b" + text[:_LONG].lower())
        for start in range(_LONG, len(text), _LONG_BLOCK):
            block = text[start : start + _LONG_BLOCK]
            low = block.lower()
            seed = digest.hex() if self.mode == "prefix" else ""
            table = self._new_table(seed, groups, set()) if self.mode == "prefix" else self._table("", in_base_16=True)
            if block.isascii():
                upper = {low.upper(): image.upper() for low, image in table.items()}
                pieces.append(block.translate({ord(letter): image for letter, image in (upper | table).items()}))
            else:
                pieces += [self._in_case(character, table.get(character.lower()), seed) for character in block]
            digest = self._digest(seed + low)
        return "".join(pieces)

    def address(self, text: str) -> str | None:
        """Return the pseudonym of an IP address or network, None for other texts. Networks keep their addresses."""
        bare, slash, length = text.partition("/")
        try:
            address = ipaddress.ip_address(bare)
            network = ipaddress.ip_network(text, strict=False) if slash else None
        except ValueError:
            return None
        size = address.max_prefixlen
        value = int(address)
        kept_bits = 8 if size == _IPV4_BITS and value >> 24 not in _SHARED_OCTETS else 16
        shown = value >> (size - kept_bits)
        for index in range(kept_bits, size):
            before = value >> (size - index)
            # the first bit is always flipped, so that no address maps to itself
            flip = 1 if index == kept_bits else self._digest(f"{size}/{index}/{before:x}")[0] & 1
            shown = shown << 1 | ((value >> (size - index - 1)) & 1) ^ flip
        if network is not None:
            shown &= int(network.netmask)  # the bits below the mask are not an address of a host
            if value != int(network.network_address):
                shown |= value & ~int(network.netmask) & ((1 << size) - 1)
        image = ipaddress.IPv4Address(shown) if size == _IPV4_BITS else ipaddress.IPv6Address(shown)
        return f"{image}{slash}{length}"

    def _beginning(self, text: str) -> str:
        pieces: list[str] = []
        before = ""  # the characters before this one, in small letters
        in_base_16 = True  # a hexadecimal word remains hexadecimal: some subjects are recognised by it
        for character in text:
            low = character.lower()
            image = self._table(before, in_base_16).get(low) if low.isascii() else None
            pieces.append(self._in_case(character, image, before))
            if self.mode == "prefix":
                before += low
                in_base_16 = in_base_16 and low in _BASE_16
        return "".join(pieces)

    def _in_case(self, character: str, image: str | None, before: str) -> str:
        low = character.lower()
        if len(low) != 1:
            return character
        if image is None:
            image = low if low.isascii() else self._foreign(before, low)
        if character != low:
            raised = image.upper()
            image = raised if len(raised) == 1 else image
        return image

    def _table(self, before: str, in_base_16: bool) -> dict[str, str]:
        table = self._tables.get((before, in_base_16))
        if table is None:
            groups = [_HEX, _REST] if in_base_16 else [_HEX + _REST]
            groups += [_DIGITS] if before and self.mode == "prefix" else [_DIGITS[1:]]  # a number keeps its length
            table = self._new_table(before, groups, self._kept.get(before, set()))
            if len(self._tables) < _MOST_TABLES:
                self._tables[before, in_base_16] = table
        return table

    def _new_table(self, before: str, groups: list[str], kept: set[str]) -> dict[str, str]:
        table: dict[str, str] = {}
        digest = self._digest("w" + before)
        for group in groups:
            free = [character for character in group if character not in kept]
            table |= dict(zip(free, _rotated(free, digest), strict=True))
            digest = digest[::-1]
        return table

    def _foreign(self, before: str, character: str) -> str:
        """Map a letter outside ASCII to one of the same script, category and encoded length."""
        alike = _alike(character)
        if alike is None:
            return character
        start = ord(character) // _BLOCK * _BLOCK
        return dict(zip(alike, _rotated(alike, self._digest(f"u{start}{before}")), strict=True))[character]

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self.key[:64]).digest()


@lru_cache(maxsize=4096)
def _alike(character: str) -> list[str] | None:
    """Return the letters that a letter outside ASCII may become; None if it is kept."""
    import unicodedata

    kind = unicodedata.category(character)
    if kind[0] not in "LN":
        return None
    start = ord(character) // _BLOCK * _BLOCK
    size = len(character.encode("utf-8"))
    alike = [
        chr(code)
        for code in range(start, start + _BLOCK)
        if unicodedata.category(chr(code)) == kind
        and chr(code).lower() == chr(code)
        and len(chr(code).upper().lower()) == 1
        and len(chr(code).encode("utf-8", "surrogatepass")) == size
    ]
    return alike if character in alike else None


def _rotated(items: list[str], digest: bytes) -> list[str]:
    """Permute the items so that none keeps its place; `digest` alone decides the order (Sattolo)."""
    rotated = list(items)
    for index in range(len(rotated) - 1, 0, -1):
        other = (digest[index % len(digest)] << 8 | digest[(index * 7 + 3) % len(digest)]) % index
        rotated[index], rotated[other] = rotated[other], rotated[index]
    return rotated
