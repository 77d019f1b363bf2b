"""Names of domains in any script, in the one form in which they are sent: ASCII (IDNA 2008, RFC 5891).

What people type is mapped as UTS 46 does it, as far as people type it: capitals, full-width letters, ideographic full
stops, letters and accents apart. Other letters that stand for others, such as ``ﬁ``, are refused. So are joiners
between letters, and characters that are newer than the JVM's Unicode.
"""

from __future__ import annotations

import string
import unicodedata
from functools import cache

from lakehouse.transforms.let import choose, let
from lakehouse.transforms.punycode import decoded, encoded

_NARROW = string.ascii_letters + string.digits + "-."
_WIDE = "".join(chr(ord(one) + 0xFEE0) for one in _NARROW) + "。｡Σ"
"""A capital sigma is never the final one: it is judged by itself."""

# Letters and marks that no domain may have, most of them because they stand for others (RFC 5892, for Unicode 16).
_OUTLAWED = """
    AA-BA 133 140 149 17F 1C6-1CC 1F3 2B0-2B8 2E0-2E4 340-341 343-345 34F 374 37A 3D0-3D6 3F0-3F2 3F5 587 640
    675-678 7FA 958-95F 9DC-9DF A33 A36 A59-A5B A5E B5C-B5D E33 EB3 EDC-EDD F43 F4D F52 F57 F5C F69 F73 F75-F79
    F81 F93 F9D FA2 FA7 FAC FB9 10FC 1100-11FF 13F8-13FD 17B4-17B5 180B-180F 1C80-1C88 1D2C-1D2E 1D30-1D3A
    1D3C-1D4D 1D4F-1D6A 1D78 1D9B-1DBF 1E9A-1E9B 1F71 1F73 1F75 1F77 1F79 1F7B 1F7D-1FA7 1FB2-1FB4 1FB7-1FC4
    1FC7 1FD3 1FE3 1FF2-1FF4 1FF7-2149 2C7C-2C7D 2D6F 302E-303B 309F 30FF 3131-318E A69C-A69D A770 A7F2-A7F4
    A7F8-A7F9 A960-A97C AB5C-AB5F AB69-ABBF D7B0-FA0D FA10 FA12 FA15-FA1E FA20 FA22 FA25-FA26 FA2A-FB1D
    FB1F-FE0F FE70-FE72 FE74-FFDC 10781-107BA 1D165-1D7FF 1EE00-1FBF9 2F800-2FA1D E0100-E01EF
"""
_OUTLAWED_CLASS = "".join(
    rf"\x{{{first}}}-\x{{{last or first}}}" for first, _, last in (one.partition("-") for one in _OUTLAWED.split())
)
_LETTER = r"[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\-〇&&[^" + _OUTLAWED_CLASS + "]]"
_LABEL = rf"\A(?![\p{{M}}\-])(?!.{{2}}--)(?:{_LETTER}|(?<=l)·(?=l))++(?<!-)\z"
_RIGHT_TO_LEFT = r"[\p{IsHebrew}\p{IsArabic}\p{IsSyriac}\p{IsThaana}\p{IsNko}&&[^\p{Nd}]]"
_ARABIC_DIGIT = r"[\x{660}-\x{669}]"
_EITHER_WAY = rf"[{_RIGHT_TO_LEFT}\p{{Mn}}0-9\x{{660}}-\x{{669}}\x{{6F0}}-\x{{6F9}}\-]"
_LEADS_RIGHT_TO_LEFT = (
    rf"\A(?!.*{_ARABIC_DIGIT}.*[0-9\x{{6F0}}-\x{{6F9}}])(?!.*[0-9\x{{6F0}}-\x{{6F9}}].*{_ARABIC_DIGIT})"
    rf"(?=[{_RIGHT_TO_LEFT}&&[^\p{{M}}]]){_EITHER_WAY}+(?<!-)\z"
)
_LEADS_LEFT_TO_RIGHT = rf"\A\p{{L}}(?!.*{_RIGHT_TO_LEFT}).*\z"

# Of a label as it was given, in letters, and in code: an ``xn--`` has to come out again as it went in.
_IS_LABEL = (
    r"one.letters rlike r'\A[\x00-\x7F]*\z' and one.given = one.letters "
    rf"or one.letters rlike r'{_LABEL}' and (one.given = one.letters or one.given = one.code)"
)
_RIGHTWARDS = f"exists(labels, one -> one.letters rlike r'{_RIGHT_TO_LEFT}')"
_ONE_WAY = f"one.letters rlike r'{_LEADS_RIGHT_TO_LEFT}' or one.letters rlike r'{_LEADS_LEFT_TO_RIGHT}'"


def ascii_domain(domain: str) -> str:
    """Give SQL of a domain in small letters and in ASCII, null where a label of it cannot be one.

    Whether what is ASCII already is written well is not judged, but for ``xn--``. Cost: some 100 µs for each label that
    is not ASCII, a few for others.
    """
    mapped = f"lower(translate({domain}, {_raw(_WIDE)}, {_raw(_NARROW + '..σ')}))"
    letters = choose("not startswith(given, 'xn--')", "given", decoded("given"))
    # A label of more letters than fit is not encoded: its length is judged elsewhere, and takes no code.
    as_it_is = r"letters rlike r'\A[\x00-\x7F]*\z' or length(letters) >= 60"
    code = choose(as_it_is, "letters", encoded("letters"))
    label = let("letters", letters, f"named_struct('given', given, 'letters', letters, 'code', {code})")
    one_way = f"not {_RIGHTWARDS} or forall(labels, one -> {_ONE_WAY})"
    good = f"forall(labels, one -> coalesce({_IS_LABEL}, false)) and ({one_way})"
    judged = f"if({good}, array_join(labels.code, '.'), cast(null as string))"
    spread = let("labels", f"transform(split(mapped, '[.]', 130), given -> {label})", judged)
    ascii_already = "octet_length(mapped) = length(mapped) and not contains(mapped, 'xn--')"
    return let("mapped", composed(mapped), choose(ascii_already, "mapped", spread))


def composed(text: str) -> str:
    """Give SQL of a text with each accent joined to the letter before it, where there is a letter for both (NFC).

    Accents that stand in another order than Unicode's are left apart. Cost: some 10 µs for text that has accents apart;
    8 kB in the plan.
    """
    pairs = f"str_to_map('{_pairs()}', ',', '=')"
    found = f"try_element_at({pairs}, concat(right(done, 1), one))"
    joined = f"coalesce(concat(left(done, length(done) - 1), {found}), concat(done, one))"
    fold = f"aggregate(split(text, ''), '', (done, one) -> {joined})"
    return let("text", text, choose(r"not text rlike r'\p{M}'", "text", fold))


@cache
def _pairs() -> str:
    """Give the letters with accents, each with the two that it is made of. Cost: some 10 ms, once."""
    composite = (chr(point) for point in range(0xC0, 0x3100))
    parts = ((one, unicodedata.normalize("NFD", one)) for one in composite if unicodedata.normalize("NFC", one) == one)
    steps = {(unicodedata.normalize("NFC", apart[:-1]) + apart[-1]): one for one, apart in parts if len(apart) > 1}
    return ",".join(f"{pair}={one}" for pair, one in steps.items() if len(pair) == 2)


def _raw(text: str) -> str:
    return f"r'{text}'"
