"""Look-alikes of letters: characters that readers take for another one, for the letters of the mark of an import.

documented: Unicode UTS #39, confusables.txt (what looks like the letter in either case), and the characters that the
compatibility decomposition of UAX #15 makes of the letter: mathematical, circled and accented ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CODES: Final[Mapping[str, str]] = {
    "i": (
        "31 6c 7c cc-cf ec-ef 128-131 196 1c0 1cf-1d0 208-20b 269-26a 2db 37a 399 3b9 406 456 4c0 4cf 6f1 13a5 16c1 "
        "1d35 1d62 1e2c-1e2f 1ec8-1ecb 1fbe 2071 2110-2111 2113 2139 2148 2160 2170 217c 2223 2373 23fd 24be 24d8 "
        "2c92 2d4f a4f2 a647 ab75 ff29 ff49 ff4c ffe8 1028a 10309 10320 118c3 16f28 1d408 1d422 1d425 1d43c 1d456 "
        "1d459 1d470 1d48a 1d48d 1d4be 1d4c1 1d4d8 1d4f2 1d4f5 1d526 1d529 1d540 1d55a 1d55d 1d574 1d58e 1d591 1d5a8 "
        "1d5c2 1d5c5 1d5dc 1d5f6 1d5f9 1d610 1d62a 1d62d 1d644 1d65e 1d661 1d678 1d692 1d695 1d6a4 1d6b0 1d6ca 1d6ea "
        "1d704 1d724 1d73e 1d75e 1d778 1d798 1d7b2 1d7cf 1d7d9 1d7e3 1d7ed 1d7f7 1f138 1fbf1"
    ),
    "m": (
        "39c 3fa 41c 13b7 15f0 16d6 1d39 1d50 1e3e-1e43 2098 2133 216f 217f 24c2 24dc 2c98 a4df ff2d ff4d 102b0 10311 "
        "1d40c 1d426 1d440 1d45a 1d474 1d48e 1d4c2 1d4dc 1d4f6 1d510 1d52a 1d544 1d55e 1d578 1d592 1d5ac 1d5c6 1d5e0 "
        "1d5fa 1d614 1d62e 1d648 1d662 1d67c 1d696 1d6b3 1d6ed 1d727 1d761 1d79b 1f13c"
    ),
    "p": (
        "3a1 3c1 3f1 420 440 13e2 146d 1d3e 1d56 1e54-1e57 209a 2119 2374 24c5 24df 2ca2-2ca3 a4d1 ff30 ff50 10295 "
        "1d40f 1d429 1d443 1d45d 1d477 1d491 1d4ab 1d4c5 1d4df 1d4f9 1d513 1d52d 1d561 1d57b 1d595 1d5af 1d5c9 1d5e3 "
        "1d5fd 1d617 1d631 1d64b 1d665 1d67f 1d699 1d6b8 1d6d2 1d6e0 1d6f2 1d70c 1d71a 1d72c 1d746 1d754 1d766 1d780 "
        "1d78e 1d7a0 1d7ba 1d7c8 1f13f"
    ),
    "o": (
        "30 ba d2-d6 f2-f6 14c-151 1a0-1a1 1d1-1d2 1ea-1ed 20c-20f 22a-231 39f 3bf 3c3 41e 43e 555 585 6f5 966 9e6 "
        "a66 ae6 b20 b66 be6 c02 c66 c82 ce6 d02 d20 d66 d82 e50 ed0 101d 1040 10ff 12d0 1d0f 1d11 1d3c 1d52 "
        "1e4c-1e53 1ecc-1ee3 2092 2134 24c4 24de 2c9e-2c9f 2d54 3007 a4f3 ab3d ff2f ff4f 10292 102ab 10404 1042c "
        "104c2 104ea 10516 114d0 118b5 118c8 118d7 118e0 1d40e 1d428 1d442 1d45c 1d476 1d490 1d4aa 1d4de 1d4f8 1d512 "
        "1d52c 1d546 1d560 1d57a 1d594 1d5ae 1d5c8 1d5e2 1d5fc 1d616 1d630 1d64a 1d664 1d67e 1d698 1d6b6 1d6d0 1d6d4 "
        "1d6f0 1d70a 1d70e 1d72a 1d744 1d748 1d764 1d77e 1d782 1d79e 1d7b8 1d7bc 1d7ce 1d7d8 1d7e2 1d7ec 1d7f6 1f13e "
        "1fbf0"
    ),
    "r": (
        "154-159 1a6 210-213 2b3 433 13a1 13d2 1587 1d26 1d3f 1d63 1e58-1e5f 211b-211d 24c7 24e1 2c85 a4e3 ab47-ab48 "
        "ab81 ff32 ff52 104b4 16f35 1d216 1d411 1d42b 1d445 1d45f 1d479 1d493 1d4c7 1d4e1 1d4fb 1d52f 1d563 1d57d "
        "1d597 1d5b1 1d5cb 1d5e5 1d5ff 1d619 1d633 1d64d 1d667 1d681 1d69b 1f12c 1f141"
    ),
    "t": (
        "162-165 21a-21b 3a4 422 13a2 1d40 1d57 1e6a-1e71 1e97 209c 22a4 24c9 24e3 27d9 2ca6 a4d4 ff34 ff54 10297 "
        "102b1 10315 118bc 16f0a 1d413 1d42d 1d447 1d461 1d47b 1d495 1d4af 1d4c9 1d4e3 1d4fd 1d517 1d531 1d54b 1d565 "
        "1d57f 1d599 1d5b3 1d5cd 1d5e7 1d601 1d61b 1d635 1d64f 1d669 1d683 1d69d 1d6bb 1d6f5 1d72f 1d769 1d7a3 1f143 "
        "1f768"
    ),
    "e": (
        "c8-cb e8-eb 112-11b 204-207 228-229 395 415 435 4bd 13ac 1d31 1d49 1e14-1e1d 1eb8-1ec7 2091 212e-2130 2147 "
        "22ff 24ba 24d4 2d39 a4f0 ab32 ff25 ff45 10286 118a6 118ae 1d404 1d41e 1d438 1d452 1d46c 1d486 1d4d4 1d4ee "
        "1d508 1d522 1d53c 1d556 1d570 1d58a 1d5a4 1d5be 1d5d8 1d5f2 1d60c 1d626 1d640 1d65a 1d674 1d68e 1d6ac 1d6e6 "
        "1d720 1d75a 1d794 1f134"
    ),
    "d": (
        "10e-10f 501 13a0 13e7 146f 15de 15ea 1d30 1d48 1e0a-1e13 2145-2146 216e 217e 24b9 24d3 a4d2-a4d3 ff24 ff44 "
        "1d403 1d41d 1d437 1d451 1d46b 1d485 1d49f 1d4b9 1d4d3 1d4ed 1d507 1d521 1d53b 1d555 1d56f 1d589 1d5a3 1d5bd "
        "1d5d7 1d5f1 1d60b 1d625 1d63f 1d659 1d673 1d68d 1f133"
    ),
}
"""Code points and ranges of them in hexadecimal, by letter."""

_SEVERAL: Final[Mapping[str, tuple[str, ...]]] = {"m": ("rn",)}
"""Two characters that look like one letter."""


def pattern_of(letter: str) -> str:
    """Return a regular expression for a letter and what looks like it; for use without regard to case."""
    ranges = (code.split("-") for code in _CODES[letter].split())
    alike = "".join("-".join(f"\\U{int(end, 16):08x}" for end in ends) for ends in ranges)
    single = f"[{letter}{alike}]"
    several = _SEVERAL.get(letter, ())
    return f"(?:{'|'.join((single, *several))})" if several else single


__all__ = ["pattern_of"]
