"""From text to the digits that a person would dial: what ``phonenumbers`` does before it looks at numbering plans.

Most text needs no more than its punctuation taken out. What is left over after that is gone through as ``phonenumbers``
does: words before and behind, extensions, letters for digits, the digits of other scripts, the ``tel:`` of RFC 3966.
"""

from __future__ import annotations

from lakehouse.transforms.let import choose, let

LONGEST_TEXT = 250

# Punctuation that means nothing wherever it stands. Not x and ~, which may begin an extension, nor * and #.
_MEANS_NOTHING = "-‐‑‒–—―−ー－．／ \u00a0\u00ad\u200b\u2060\u3000()（）［］.[]/"
_PLAIN = r"\A[+]?[0-9]{3,60}\z"

# What is not ASCII, as its like: patterns are slow beyond it. A parenthesis means nothing in an extension either.
_LIKE = dict.fromkeys("‐‑‒–—―−ー－／（）［］⁓∼\u00ad\u200b\u2060\u3000", "(") | {"＋": "+", "．": ".", "～": "~"}
# The zero of each script of Unicode 14 that has digits; the other nine follow it.
_ZEROS = """
    660 6F0 7C0 966 9E6 A66 AE6 B66 BE6 C66 CE6 D66 DE6 E50 ED0 F20 1040 1090 17E0 1810 1946 19D0 1A80 1A90 1B50 1BB0
    1C40 1C50 A620 A8D0 A900 A9D0 A9F0 AA50 ABF0 FF10 104A0 10D30 11066 110F0 11136 111D0 112F0 11450 114D0 11650 116C0
    11730 118E0 11950 11C50 11D50 11DA0 16A60 16AC0 16B50 1D7CE 1D7D8 1D7E2 1D7EC 1D7F6 1E140 1E2F0 1E950 1FBF0
"""
_LIKE |= {chr(int(zero, 16) + digit): str(digit) for zero in _ZEROS.split() for digit in range(10)}

_PUNCTUATION = r"\-x \x{A0}().\[\]/~*"
_SPACES = r"[ \x{A0}\t,]*"
_BEHIND_LABEL = r"[:.]?[ \x{A0}\t,\-]*"
_LABEL = r"(?:e?xt(?:ensi(?:o\x{301}?|ó))?n?|ｅ?ｘｔｎ?|доб|anexo)"
_EXTENSION = "|".join(
    [
        r";ext=[0-9]{1,20}",
        rf"{_SPACES}{_LABEL}{_BEHIND_LABEL}[0-9]{{1,20}}#?",
        rf"{_SPACES}(?:[x#＃~ｘ]|int|ｉｎｔ){_BEHIND_LABEL}[0-9]{{1,9}}#?",
        r"[\- ]+[0-9]{1,6}#",
        rf"[ \x{{A0}}\t]*(?:,,|;){_BEHIND_LABEL}[0-9]{{1,15}}#?",
        rf"[ \x{{A0}}\t]*,+{_BEHIND_LABEL}[0-9]{{1,9}}#?",
    ]
)
_VIABLE = rf"\A(?:[0-9]{{2}}|[+]*(?:[{_PUNCTUATION}]*[0-9]){{3}}[{_PUNCTUATION}a-z0-9]*(?:{_EXTENSION})?)\z"
# Words, a number of which no part can be an extension, for it ends in letters or has none, and what means nothing.
_SIMPLE = (
    r"(?s)\A[^+0-9]*+([+]*+(?:[\- \x{A0}().\[\]/]*+[0-9]){3}[\- \x{A0}().\[\]/0-9]*+(?:(?!x)[A-Za-z][\- ().A-Za-z]*+)?)"
    r"[^#\p{L}\p{N}]*+\z"
)
_CONTEXT = ";phone-context="
_GOOD_CONTEXT = (
    r"\A(?:\+(?=.*[0-9])[0-9.()\-]+"
    r"|(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.?)\z"
)
_LETTERS, _KEYS = "abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999"


def diallable(text: str) -> str:
    """Give SQL of what of a text can be dialled.

    That is digits, with a plus sign if there was one, and an extension behind ``;``; or ``!`` and a ``PhoneReason``.

    Cost: half a µs where only punctuation has to go, 2 µs for words around it, letters and other scripts, else some 8.
    """
    others, likes = _raw("".join(_LIKE)), _raw("".join(_LIKE.values()))
    like = f"if(octet_length({text}) > length({text}), translate({text}, {others}, {likes}), {text})"
    simple = choose("simple <> ''", _digits("simple"), _gone_through("like"))
    odd = let("like", like, let("simple", f"lower(regexp_extract(like, {_raw(_SIMPLE)}, 1))", simple))
    plain = choose(f"bare rlike {_raw(_PLAIN)}", "bare", odd)
    plain = let("bare", f"translate({text}, {_raw(_MEANS_NOTHING)}, '')", plain)
    too_long = f"octet_length({text}) > {LONGEST_TEXT} and length({text}) > {LONGEST_TEXT}"
    return choose(f"{text} rlike {_raw(_PLAIN)}", text, choose(too_long, "'!too_long'", plain))


def _gone_through(text: str) -> str:
    parted = let("behind", rf"regexp_extract(found, r'(?:{_EXTENSION})\z', 0)", _without_extension())
    viable = choose(f"not coalesce(found rlike {_raw(_VIABLE)}, false)", "'!not_a_number'", parted)
    return let("found", f"lower({_number_in(text)})", viable)


def _number_in(text: str) -> str:
    """Give the part of a text that may be a number; null where a context is given that is none."""
    number = f"regexp_extract({text}, r'(?s)[+0-9].*', 0)"
    number = rf"regexp_replace({number}, r'[^#\p{{L}}\p{{N}}]++\z', '')"
    number = rf"if(contains({text}, 'x'), regexp_replace({number}, r'(?s)[\\/] *x.*', ''), {number})"
    number = f"if(contains({text}, '{_CONTEXT}'), {_with_context(text)}, {number})"
    return f"if(contains({text}, ';isub='), regexp_replace({number}, r'(?s)(?<=.);isub=.*', ''), {number})"


def _with_context(text: str) -> str:
    context = f"regexp_extract({text}, r'(?s){_CONTEXT}([^;]*)', 1)"
    before = rf"regexp_extract({text}, r'(?s)\A(.*?){_CONTEXT}', 1)"
    number = rf"regexp_replace({before}, r'(?s)\A.*?tel:', '')"
    number = f"if(not contains({before}, 'tel:') and contains({text}, 'tel:'), '', {number})"
    whole = f"concat(if(startswith({context}, '+'), {context}, ''), {number})"
    return f"if({context} rlike {_raw(_GOOD_CONTEXT)}, {whole}, cast(null as string))"


def _without_extension() -> str:
    before = "substring(found, 1, length(found) - length(behind))"
    extension = r"regexp_extract(behind, r'([0-9]+)#?\z', 1)"
    apart = f"concat({_digits('before')}, ';', {extension})"
    return let("before", before, f"if(behind <> '' and before rlike {_raw(_VIABLE)}, {apart}, {_digits('found')})")


def _digits(number: str) -> str:
    """Give the digits, after a plus sign where there was one; three letters or more are keys of a telephone."""
    keyed = f"if({number} rlike '[a-z].*[a-z].*[a-z]', translate({number}, '{_LETTERS}', '{_KEYS}'), {number})"
    return f"concat(if(startswith({number}, '+'), '+', ''), regexp_replace({keyed}, '[^0-9]', ''))"


def _raw(text: str) -> str:
    return f"r'{text}'"
