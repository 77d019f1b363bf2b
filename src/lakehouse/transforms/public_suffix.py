"""Domains under which anyone may register one, such as ``com`` and ``co.uk``.

Only the rules that registries made themselves: under ``github.io`` pages are registered, not domains of mail.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from lakehouse.transforms.let import let
from lakehouse.transforms.literal_lookup import is_listed, is_one_of, words_of

FILE = "public_suffixes.txt.gz"
RESERVED = ("arpa", "invalid", "local", "localhost", "onion", "test")
"""Names that are no top-level domains of mail (RFC 6761 and 6762)."""


@cache
def registrable_domain(domain: str) -> str:
    """Give SQL of what someone registered: one label more than the public suffix, ``bbc.co.uk`` for ``news.bbc.co.uk``.

    It is empty where all of the domain is a public suffix, and null where it has none that is known. Cost: 0.5 µs per
    row under ``com``, 1 where a country has registries below it; the list is in the plan, 80 kB.

    Args:
        domain: SQL of small ASCII letters, other scripts as ``xn--…``.

    Source: publicsuffix.org, "Algorithm".
    """
    found = f"if({last_labels(domain, 'labels')} = {domain}, '', {last_labels(domain, 'labels + 1')})"
    return let("labels", _suffix_labels(domain), f"if(labels is null, cast(null as string), {found})")


def last_labels(domain: str, labels: int | str) -> str:
    """Give SQL of the last labels of a domain; all of it where it has no more."""
    return f"substring_index({domain}, '.', -({labels}))"


def _suffix_labels(domain: str) -> str:
    plain, wild, taken_out = (_rules(kind) for kind in ("", "*", "!"))
    top, registries = last_labels(domain, 1), {rule.rpartition(".")[2] for rule in words_of(FILE) if "." in rule}
    # Most domains end in one that has no registries below it, and are asked nothing else.
    cases = [(is_listed(top, set(plain[1]) - registries), 1)]
    # Of all others that rule prevails which has most labels, but before it one that takes a name out.
    cases += [(is_one_of(last_labels(domain, labels), names), labels - 1) for labels, names in taken_out.items()]
    for labels in sorted({*plain, *wild} - {1}, reverse=True):
        below = last_labels(domain, labels - 1)
        if labels in wild:
            cases.append((f"{is_one_of(below, wild[labels])} and {below} <> {domain}", labels))
        # Few countries have any of three labels: for all others a look at the last one is enough.
        countries = {name.rpartition(".")[2] for name in plain[labels]}
        guard = f"{is_one_of(top, countries)} and " if labels > 2 else ""
        cases.append((guard + is_listed(last_labels(domain, labels), plain[labels]), labels))
    cases.append((is_listed(top, set(plain[1]) & registries), 1))
    return f"case {' '.join(f'when {found} then {labels}' for found, labels in cases)} end"


def _rules(kind: str) -> dict[int, list[str]]:
    """Give the rules of a kind by their number of labels, without what marks the kind.

    ``*`` stands before what any label makes a suffix; ``!`` before names that were registered although a rule makes
    suffixes of them.
    """
    found = defaultdict(list)
    for rule in words_of(FILE):
        if rule[0] == kind or (not kind and rule[0] not in "*!"):
            found[rule.count(".") + 1].append(rule.removeprefix(kind).removeprefix("."))
    return found
