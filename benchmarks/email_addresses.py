"""Addresses of mail as people have them, mistype them and should not have them, and what ``email-validator`` says."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

from email_validator import EmailNotValidError, validate_email

from lakehouse.transforms.email import EmailReason

_FIRST = """
    anna ben chloe dmitri elif fatima georg hiro irina joão kateřina lars mária noah olga pierre quentin rosa
    søren tomasz ursula viktor wei xenia yusuf zoë андрей μαρία 太郎 محمد
"""
_LAST = """
    smith müller garcía o'brien novák rossi ivanova tanaka silva dubois jensen kowalski nguyen yılmaz haddad
    van-dijk mac_donald lee weiß papadopoulou
"""
_PROVIDERS = """
    gmail.com googlemail.com yahoo.com yahoo.co.uk hotmail.com outlook.com gmx.de web.de mail.ru qq.com
    icloud.com proton.me orange.fr libero.it wp.pl seznam.cz naver.com bigpond.net.au uol.com.br t-online.de
    mailinator.com yopmail.com guerrillamail.com
"""
_NAMES = """
    acme globex initech umbrella hooli stark-industries x1 3com uni-bonn städtebau bücher café español
    παράδειγμα пример 例え 한국 बैंक שלום بيت strasse straße mu--nich l·l paral·lel ελλάς faß
"""
_SUFFIXES = """
    com net org de fr co.uk ac.uk com.au co.jp or.jp com.br it es nl pl cz ru io ai museum technology app gov.uk
    eu xn--p1ai рф ελ 中国 xn--fiqs8s in co.in co.za
"""
_ODD_DOMAINS = """
    localhost foo.local x.test a.invalid b.onion 1.2.3.4 [1.2.3.4] [IPv6:::1] foo.nosuchtld com co.uk foo.123
    foo.c0 xn--bcher-kva.de xn--garbage-9.de xn--.com xn--a.com xn--strae-oqa.de xn--fa-hia.de XN--BCHER-KVA.DE
    xn--80ak6aa92e.com -a.com a-.com a_b.com ab--cd.de xn--ls8h.la ☃.net a.b.c.d.e.f.com ＧＭＡＩＬ。com foo．de
    1.שלום.com xn--4dbrk0ce.com
"""
NASTY = " \t\n\r,;:<>()[]\\\"'@@..--__++!#$%&*/=?^`{|}~\u00a0\u200b\u2028\u0301\u00ad\u202e\u3000é€ß漢ﬁ①😀\x00\x7f"

Random = random.Random


def addresses(count: int, *, seed: int = 0, odd: float = 0.35, faults: float = 0.35) -> list[str]:
    """Give so many addresses; the same for the same seed.

    Args:
        count: How many.
        seed: Begins the chances.
        odd: The share that may have other scripts, domains that are none, and all that is rare.
        faults: The share that was tampered with.
    """
    chance = Random(seed)
    made = (_address(chance, _ODD if chance.random() < odd else _USUAL) for _ in range(count))
    return [_tampered(one, chance) if chance.random() < faults else one for one in made]


def validated(address: str) -> str | None:
    """Give the form that ``email-validator`` gives an address; null for what it refuses.

    Its domain is in ASCII; and in small letters are all local parts, not only those of RFC 2142.
    """
    try:
        found = validate_email(address.strip(), check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{found.local_part.lower()}@{found.ascii_domain}"


def agrees(theirs: str | None, address: str | None, reason: str | None) -> bool:
    """Tell whether ``email-validator`` says the same; public suffixes are none of its business."""
    if reason in (EmailReason.UNKNOWN_SUFFIX, EmailReason.SUFFIX_ALONE):
        return theirs is not None
    return address == theirs


class _Words:
    """What addresses are made of."""

    def __init__(self, *, usual: bool) -> None:
        texts = (_FIRST, _LAST, _NAMES, _SUFFIXES)
        kept = ([word for word in text.split() if not usual or _is_usual(word)] for text in texts)
        self.first, self.last, self.names, self.suffixes = kept
        self.domains = [] if usual else _ODD_DOMAINS.split()
        self.forms = [] if usual else ["!#$%&'*/=?^_`{{|}}~", "a", "{0}+{1}+x", "{1}.{0}.{0}.{1}"]


def _is_usual(word: str) -> bool:
    return word.isascii() and "--" not in word


_USUAL, _ODD = _Words(usual=True), _Words(usual=False)
_FORMS = ("{0}.{1}", "{0}.{1}{2}", "{0}{2}", "{1}_{0}", "{0}-{1}", "{0}+news", "{0}.{1}+a.b", "info", "no-reply")


def _address(chance: Random, words: _Words) -> str:
    form = chance.choice([*_FORMS, *words.forms])
    number = chance.choice(("", chance.randrange(100), chance.randrange(1950, 2010)))
    local = form.format(chance.choice(words.first), chance.choice(words.last), number)
    return f"{_cased(local, chance)}@{_cased(_domain(chance, words), chance)}"


def _domain(chance: Random, words: _Words) -> str:
    kind = chance.random()
    if kind < 0.45:
        return chance.choice(_PROVIDERS.split())
    if words.domains and kind > 0.85:
        return chance.choice(words.domains)
    below = chance.choice(("", "", "", "", "mail.", "a.b."))
    name = f"{chance.choice(words.names)}{chance.choice(('', '', chance.randrange(99)))}"
    domain = f"{below}{name}.{chance.choice(words.suffixes)}"
    return domain if domain.isascii() or chance.random() < 0.7 else ".".join(map(_coded, domain.split(".")))


def _coded(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _cased(text: str, chance: Random) -> str:
    kind = chance.random()
    return text if kind < 0.8 else text.upper() if kind < 0.87 else text.title() if kind < 0.95 else text.swapcase()


def _tampered(address: str, chance: Random) -> str:
    for _ in range(chance.choice((1, 1, 1, 2))):
        address = chance.choice(_WAYS)(address, chance)
    return address


def _put(address: str, chance: Random) -> str:
    at = chance.randrange(len(address) + 1)
    return address[:at] + chance.choice(NASTY) + address[at:]


def _cut(address: str, chance: Random) -> str:
    at = chance.randrange(len(address) or 1)
    return address[:at] + address[at + 1 :]


def _swapped(address: str, chance: Random) -> str:
    at = chance.randrange(len(address) or 1)
    return address[:at] + address[at : at + 2][::-1] + address[at + 2 :]


def _apart(address: str, _: Random) -> str:
    return unicodedata.normalize("NFD", address)


def _long(address: str, chance: Random) -> str:
    local, _, domain = address.partition("@")
    label = "b" * chance.choice((62, 63, 64))
    wide = ".".join(["c" * 60] * chance.choice((2, 3, 4)))
    return chance.choice(
        (f"{'a' * chance.choice((63, 64, 65))}@{domain}", f"{local}@{label}.{domain}", f"{local}@{wide}.{domain}")
    )


_WAYS: tuple[Callable[[str, Random], str], ...] = (
    *(_put,) * 6,
    _cut,
    _cut,
    _swapped,
    _apart,
    _long,
    lambda address, chance: f"{chance.choice((' ', '  ', chr(9), chr(10), chr(0xA0)))}{address} ",
    lambda address, chance: address.replace("@", chance.choice(("", "@@", " @ ", "＠", " at ")), 1),
    lambda address, chance: address.replace(".", chance.choice(("..", ",", "。", " .")), 1),
    lambda address, _: f'"{address.replace("@", chr(34) + "@", 1)}',
    lambda address, chance: f"{chance.choice(('Ann ', '', 'mailto:'))}<{address}>",
    lambda address, chance: address.replace("@", chance.choice(("(work)@", "@(x)", ".@", "@.", "@-", "-@")), 1),
    lambda address, chance: chance.choice((address.partition("@")[0], "@" + address.partition("@")[2], "")),
    lambda address, chance: f"{address}{chance.choice(('.', '.com', '/', ';', ' ok', '>'))}",
    lambda address, _: f"{address}, {address}",
)
