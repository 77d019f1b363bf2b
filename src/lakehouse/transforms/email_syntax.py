"""How an address of mail is written: RFC 5321 as people use it, with letters of any script (RFC 6531).

Left out, though the standard has them: quoted local parts, comments, and addresses of machines in brackets.
"""

from __future__ import annotations

import string
from enum import StrEnum

from lakehouse.transforms.idn import ascii_domain, composed
from lakehouse.transforms.let import let


class EmailReason(StrEnum):
    """Why text is no address of mail."""

    MISSING_AT = "missing_at"
    SEVERAL_AT = "several_at"
    MISSING_LOCAL = "missing_local"
    MISSING_DOMAIN = "missing_domain"
    QUOTED_LOCAL = "quoted_local"
    DOMAIN_LITERAL = "domain_literal"
    LOCAL_TOO_LONG = "local_too_long"
    LABEL_TOO_LONG = "label_too_long"
    TOO_LONG = "too_long"
    MISPLACED_DOT = "misplaced_dot"
    BAD_LOCAL = "bad_local"
    BAD_DOMAIN = "bad_domain"
    NO_DOT_IN_DOMAIN = "no_dot_in_domain"
    RESERVED_DOMAIN = "reserved_domain"
    UNKNOWN_SUFFIX = "unknown_suffix"
    SUFFIX_ALONE = "suffix_alone"


_LONGEST_LOCAL, _LONGEST_LABEL, _LONGEST_DOMAIN, _LONGEST = 64, 63, 253, 254
_JUDGED = 1000
"""Characters of a part that are looked at: what is longer is too long anyway."""

# What people copy along: spaces of all kinds, ends of lines, and what has no width.
_AROUND = " \t\n\u000b\u000c\r\u0085\u00a0\u2028\u2029\u202f\u3000\u200b\ufeff"

# Letters are listed and no ranges given: Java looks a list up, and asks one range after the other. No group gives back
# what it took: Java takes stack for each turn of one that might.
_LETTERS, _ALNUM = string.ascii_letters, string.ascii_letters + string.digits
_ATOM = rf"[{_ALNUM}!#$%&\x27*+/=?^_`{{|}}~\-]++"
_LOCAL = rf"{_ATOM}(?:\.{_ATOM})*+"
_LABEL = rf"[{_ALNUM}](?:[{_ALNUM}\-]{{0,61}}[{_ALNUM}])?"
_PLAIN = rf"\A{_LOCAL}@(?:[{_ALNUM}]++(?:-[{_ALNUM}]++)*+\.)++[{_LETTERS}]{{2,}}\z"

_ATOM_OF_ANY_SCRIPT = r"(?!\p{M})(?:[A-Za-z0-9!#$%&\x27*+/=?^_`{|}~-]|[^\x00-\x7F\p{C}\p{Z}\x{37E}\x{1FEF}])++"
_LOCAL_OF_ANY_SCRIPT = rf"\A{_ATOM_OF_ANY_SCRIPT}(?:\.{_ATOM_OF_ANY_SCRIPT})*+\z"
_GOOD_LOCAL = rf"(parts.mailbox rlike r'\A{_LOCAL}\z' or parts.mailbox rlike r'{_LOCAL_OF_ANY_SCRIPT}')"
_CODED_LABEL = rf"(?!..--(?<!xn--)){_LABEL}"
_DOMAIN = rf"\A(?:{_CODED_LABEL}\.)+(?![^.]*[0-9]\z){_CODED_LABEL}\z"


def is_plain(text: str) -> str:
    """Give SQL of whether text is what nearly all addresses are: a dot-atom, @, and a domain, in ASCII and not long.

    Of ``xn--`` more has to be asked. Cost: 0.5 µs per row.
    """
    # So short that no part of it is too long.
    return f"octet_length({text}) <= {_LONGEST_LABEL} and {text} rlike r'{_PLAIN}'"


def written(text: str, *, lower_local: bool) -> str:
    """Give SQL of any address in its one form, or of the ``EmailReason`` for which it is none; that has no @.

    Cost: some 10 µs per row; some 100 for each label of a domain in another script.
    """
    before = f"substring(substring_index(bare, '@', 1), 1, {_JUDGED})"
    behind = f"substring(bare, length(substring_index(bare, '@', 1)) + 2, {_JUDGED})"
    mailbox = composed(f"lower({before})" if lower_local else before)
    parts = f"named_struct('mailbox', {mailbox}, 'domain', {ascii_domain(behind)})"
    return let("bare", f"trim(both '{_AROUND}' from {text})", let("parts", parts, _judged()))


def _judged() -> str:
    """Give SQL of ``mailbox`` and ``domain``, parts of ``bare``, together, or of the reason for which they are none.

    The domain is null where it has no form in ASCII.
    """
    longest = f"least({_LONGEST} - 1 - octet_length(parts.mailbox), {_LONGEST_DOMAIN})"
    fits = f"octet_length(bare) <= {_LONGEST} and octet_length(parts.domain) <= {longest}"
    fits += f" and length(parts.mailbox) <= {_LONGEST_LOCAL}"
    dots = r"r'\A[.]|[.][.]|[.]\z'"
    cases = {
        "not contains(bare, '@')": EmailReason.MISSING_AT,
        "startswith(parts.mailbox, '\"')": EmailReason.QUOTED_LOCAL,
        r"bare rlike r'@\[[^@]*\]\z'": EmailReason.DOMAIN_LITERAL,
        "bare rlike '(?s)@.*@'": EmailReason.SEVERAL_AT,
        "parts.mailbox = ''": EmailReason.MISSING_LOCAL,
        "endswith(bare, '@')": EmailReason.MISSING_DOMAIN,
        f"length(parts.mailbox) > {_LONGEST_LOCAL}": EmailReason.LOCAL_TOO_LONG,
        f"octet_length(bare) > {_LONGEST}": EmailReason.TOO_LONG,
        f"parts.mailbox rlike {dots} or parts.domain rlike {dots}": EmailReason.MISPLACED_DOT,
        f"not {_GOOD_LOCAL}": EmailReason.BAD_LOCAL,
        f"parts.domain rlike '[^.]{{{_LONGEST_LABEL + 1}}}'": EmailReason.LABEL_TOO_LONG,
        f"not ({fits})": EmailReason.TOO_LONG,
        "not contains(parts.domain, '.')": EmailReason.NO_DOT_IN_DOMAIN,
    }
    good = f"{fits} and parts.domain rlike r'{_DOMAIN}' and {_GOOD_LOCAL}"
    whens = " ".join(f"when {case} then '{reason}'" for case, reason in cases.items())
    return f"case when {good} then concat(parts.mailbox, '@', parts.domain) {whens} else '{EmailReason.BAD_DOMAIN}' end"
