"""Names of people: written as they are, their initials, and a key by which spellings of one name meet."""

from __future__ import annotations

import unicodedata
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on
from lakehouse.transforms.text import squeeze

# Written small where the whole name was typed in one case.
_BETWEEN_NAMES = """
    af al an av bin da das de dei del della den der des di do dos du e el en het ibn la le lo op 't te ten ter to
    van vom von y zu zum zur
"""
_PARTICLES = tuple(_BETWEEN_NAMES.split())
# Letters that are no Latin letter with an accent. Cyrillic as passports have it (ICAO 9303), Greek as ELOT 743.
_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h",
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ў": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch",
    "ы": "y", "э": "e", "ю": "iu", "я": "ia", "ъ": "", "ь": "", "ђ": "d", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c",
    "џ": "dz", "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
    "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y",
    "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip


@runs_on(*SPARK)
def person_name(name: Column) -> Column:
    """Write a name as people do: without spaces around it, and with capitals if it was typed in one case.

    ``VAN DER BERG`` becomes ``van der Berg``, ``o'neil-smith`` ``O'Neil-Smith``; what has both cases is left as it is.

    Rows: unchanged. Columns: text, null for nothing. Cost: some 3 µs per row, no shuffle.
    """
    clean = squeeze(name)
    typed_flat = (clean == F.upper(clean)) | (clean == F.lower(clean))
    # A capital stands behind an apostrophe or a hyphen too; initcap sees spaces alone.
    apart = F.regexp_replace(clean, r"(['’\-])", "$1\u0001 ")
    capitals = F.replace(F.initcap(apart), F.lit("\u0001 "), F.lit(""))
    words = F.transform(
        F.split(capitals, " "),
        lambda word: F.when(F.lower(word).isin(*_PARTICLES), F.lower(word)).otherwise(word),
    )
    return F.when(typed_flat, F.array_join(words, " ")).otherwise(clean)


@runs_on(*SPARK)
def initials(name: Column) -> Column:
    """Give the first letters of a name's words in capitals, ``JLP`` for ``Jean-Luc Picard``; particles have none.

    Rows: unchanged. Columns: text, null for nothing. Cost: some 2 µs per row, no shuffle.
    """
    words = F.split(person_name(name), r"[ \-]+")
    named = F.filter(words, lambda word: ~word.isin(*_PARTICLES))
    return F.nullif(F.array_join(F.transform(named, lambda word: F.upper(F.left(word, F.lit(1)))), ""), F.lit(""))


@runs_on(*SPARK)
def name_key(name: Column) -> Column:
    """Give a key that spellings of one name share: ``Müller, ANNA`` and ``anna  muller`` have ``anna muller``.

    Small ASCII letters and digits, accents left out, Cyrillic and Greek as in passports, words in the order of the
    alphabet. Two names may have one key: it finds candidates, and proves nothing.

    Rows: unchanged. Columns: text, null where nothing is left, as of names in other scripts. Cost: some 3 µs per row,
    no shuffle. Idempotent.

    Source: ICAO Doc 9303-3, ELOT 743; Unicode for accents.
    """
    single, several = _plain_letters()
    lower = F.translate(F.lower(name), single[0], single[1])
    for letter, latin in several.items():
        lower = F.replace(lower, F.lit(letter), F.lit(latin))
    words = F.split(
        F.trim(F.regexp_replace(F.regexp_replace(lower, r"['’`\u0300-\u036f]", ""), "[^a-z0-9]+", " ")), " "
    )
    return F.nullif(F.array_join(F.array_sort(words), " "), F.lit(""))


@cache
def _plain_letters() -> tuple[tuple[str, str], dict[str, str]]:
    """Give letters that stand for one ASCII letter, with these, and those that stand for several or none."""
    known = {
        letter: unicodedata.normalize("NFD", letter)[0]
        for letter in map(
            chr, (*range(0xC0, 0x250), *range(0x386, 0x3CF), *range(0x400, 0x460), *range(0x1E00, 0x1F00))
        )
        if unicodedata.normalize("NFD", letter) != letter
    }
    plain = {letter: _LETTERS.get(base, base) for letter, base in known.items() if letter.islower()} | _LETTERS
    single = {letter: latin for letter, latin in plain.items() if len(latin) == 1}
    return ("".join(single), "".join(single.values())), {a: b for a, b in plain.items() if len(b) != 1}
