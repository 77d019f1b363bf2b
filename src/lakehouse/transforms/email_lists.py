"""``python -m lakehouse.transforms.email_lists``: make the lists of public suffixes and of disposable domains anew.

They come from the packages ``publicsuffixlist`` and ``disposable-email-domains``, and are files of the library, so that
neither it nor a cluster needs these: ``pip install`` both before, and remove them behind.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from lakehouse.transforms import email_domains, public_suffix


def suffixes(text: str) -> list[str]:
    """Give the rules of registries in ASCII, out of the list of publicsuffix.org."""
    ours = text.partition("===BEGIN ICANN DOMAINS===")[2].partition("// ===END ICANN DOMAINS===")[0]
    rules = [line.strip() for line in ours.splitlines() if line.strip() and not line.startswith("//")]
    return sorted(rule.encode("idna").decode() for rule in rules if rule not in public_suffix.RESERVED)


def disposable(domains: Iterable[str]) -> list[str]:
    """Give the domains of a list that are not those of free mail."""
    return sorted(set(domains) - set(email_domains.FREE))


def main() -> None:
    """Write both files beside this module."""
    text = Path(import_module("publicsuffixlist").PSLFILE).read_text(encoding="utf-8")
    said = [line for line in text.splitlines() if line.startswith(("// VERSION:", "// COMMIT:"))]
    _write(
        public_suffix.FILE,
        suffixes(text),
        f"What registries say in the list of publicsuffix.org, from publicsuffixlist {version('publicsuffixlist')}.",
        *(line.removeprefix("// ") for line in said),
        "Licence: Mozilla Public License 2.0, https://mozilla.org/MPL/2.0/. The whole list: https://publicsuffix.org.",
    )
    _write(
        email_domains.FILE,
        disposable(import_module("disposable_email_domains").blocklist),
        f"Domains of mail to throw away, from disposable-email-domains {version('disposable-email-domains')}.",
        "Licence: CC0 1.0. The list: https://github.com/disposable-email-domains/disposable-email-domains.",
    )


def _write(name: str, words: list[str], *notes: str) -> None:
    head = [f"// {note}" for note in (*notes, f"Made on {date.today()} by: python -m lakehouse.transforms.email_lists")]
    file = Path(__file__).with_name(name)
    file.write_bytes(gzip.compress("\n".join([*head, *words, ""]).encode("ascii"), mtime=0))
    print(f"{name}: {len(words):,} words, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
