"""Addresses of mail as people write them, to one form for each, and what can be told of them."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on
from lakehouse.transforms.email_domains import FREE, EmailProvider, is_role, of_one_mailbox, provider_of
from lakehouse.transforms.email_syntax import EmailReason, is_plain, written
from lakehouse.transforms.let import choose, let, let_column
from lakehouse.transforms.literal_lookup import is_one_of
from lakehouse.transforms.public_suffix import RESERVED, last_labels, registrable_domain

__all__ = ["EmailProvider", "EmailReason", "email_domain", "mailbox", "normalize_email", "parse_email"]

_FIELDS = ("address", "local", "domain", "registrable_domain", "provider", "is_role", "reason")


@runs_on(*SPARK)
def parse_email(address: Column, *, lower_local: bool = True, one_per_mailbox: bool = False) -> Column:
    """Parse an address of mail.

    ```python
    people.withColumn("email", parse_email(F.col("email")))
    ```

    Rows: unchanged. Columns: a struct, null for null. Cost: some 5 µs per row, some 100 for each label of a domain in
    another script, and a second per query; no shuffle, no Python; the operator it stands in leaves whole-stage
    code generation, and the lists are in the plan, 250 kB. Batch and stream.

    - ``address``: ``local@domain`` in one form: without spaces around it, in small letters, and the domain in ASCII
      (``xn--…`` for other scripts), for so it is sent, and two spellings of one domain meet.
    - ``local``, ``domain``: its two parts.
    - ``registrable_domain``: what someone registered: one label more than the public suffix.
    - ``provider``: an ``EmailProvider``: ``free`` for the well-known ones, ``disposable`` by a list that is never
      complete, ``corporate`` for all others.
    - ``is_role``: the local part names a role and no person, such as ``info`` or ``no-reply``.
    - ``reason``: null, or the ``EmailReason`` why it is no address; then all else is.

    Args:
        address: Text.
        lower_local: Write the local part in small letters, as nearly all receive it. The standard lets each domain
            decide.
        one_per_mailbox: Write all addresses of one mailbox as one, where its provider is known: in small letters,
            nothing behind a plus sign, and for Gmail no dots and ``gmail.com``.

    Source: RFC 5321, 6531 and 5891; publicsuffix.org; RFC 2142 for roles.
    """
    at = "instr(text, '@')"
    lowered = "lower(text)" if lower_local else f"concat(left(text, {at} - 1), lower(substring(text, {at})))"
    form = choose(is_plain("text"), lowered, written("text", lower_local=lower_local))
    body = let("form", form, _judged(one_per_mailbox=one_per_mailbox))
    return let_column("text", F.trim(address), body, where=address.isNotNull()).alias("email")


@runs_on(*SPARK)
def normalize_email(address: Column, *, lower_local: bool = True, one_per_mailbox: bool = False) -> Column:
    """Give the one form of an address of mail, null for what is none: ``address`` of ``parse_email``.

    Rows: unchanged. Columns: text. Cost, arguments, source: those of ``parse_email``.
    """
    return parse_email(address, lower_local=lower_local, one_per_mailbox=one_per_mailbox)["address"]


@runs_on(*SPARK)
def mailbox(address: Column) -> Column:
    """Give the mailbox that an address reaches, by its one address: of ``ann.lee+shop@gmail.com`` ``annlee@gmail.com``.

    Rows: unchanged. Columns: text, null for null. Cost: some 1 µs per row, where ``one_per_mailbox`` parses the address
    once more.

    Args:
        address: As ``parse_email`` gives it; of other text the result means nothing.
    """
    local, domain = of_one_mailbox("substring_index(text, '@', 1)", "substring_index(text, '@', -1)")
    return let_column("text", address, f"concat({local}, '@', {domain})", where=address.isNotNull())


@runs_on(*SPARK)
def email_domain(address: Column) -> Column:
    """Give the domain of an address in ASCII, null for what is none: ``domain`` of ``parse_email``.

    Rows: unchanged. Columns: text. Cost, source: those of ``parse_email``.
    """
    return parse_email(address)["domain"]


def _judged(*, one_per_mailbox: bool) -> str:
    """Give SQL of the fields of a form, or of a reason that stands in its place."""
    mailbox, domain = "substring_index(form, '@', 1)", "substring_index(form, '@', -1)"
    if one_per_mailbox:
        mailbox, domain = of_one_mailbox(mailbox, domain)
    null = "cast(null as string)"
    none = _struct(null, null, null, null, null, "cast(null as boolean)", _fault())
    address = f"concat({mailbox}, '@', domain)" if one_per_mailbox else "form"
    role, provider = is_role(mailbox), provider_of("domain", "registrable")
    found = _struct(address, mailbox, "domain", "registrable", provider, role, null)
    # Free mail is what most addresses are of, and needs no public suffix.
    registrable = f"if({is_one_of('domain', FREE)}, domain, {registrable_domain('domain')})"
    body = let("registrable", registrable, choose("registrable > ''", found, none))
    return let("domain", domain, body)


def _fault() -> str:
    """Give SQL of the reason that stands in the place of a form, or that its domain has."""
    cases = {
        "not contains(form, '@')": "form",
        "registrable = ''": f"'{EmailReason.SUFFIX_ALONE}'",
        is_one_of(last_labels("domain", 1), RESERVED): f"'{EmailReason.RESERVED_DOMAIN}'",
    }
    whens = " ".join(f"when {case} then {reason}" for case, reason in cases.items())
    return f"case {whens} else '{EmailReason.UNKNOWN_SUFFIX}' end"


def _struct(*parts: str) -> str:
    fields = ", ".join(f"'{name}', {part}" for name, part in zip(_FIELDS, parts, strict=True))
    return f"named_struct({fields})"
