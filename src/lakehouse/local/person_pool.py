"""Pieces of JSON that people are put together of, made once per seed by Faker."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from lakehouse.errors import MissingExtraError
from lakehouse.local.countries import COUNTRIES, Country

TODAY = datetime(2026, 1, 1, tzinfo=UTC)
"""What ages are counted to; the clock would change the bytes."""
# Sizes are powers of two, so that bits of a draw choose without a division.
NAMES, PLACES, LOGINS = 128, 64, 2048
_ZONES = (
    ("-8:00", "Pacific Time (US & Canada)"), ("-5:00", "Eastern Time (US & Canada), Bogota, Lima"),
    ("-3:30", "Newfoundland"), ("0:00", "Western Europe Time, London, Lisbon, Casablanca"),
    ("+1:00", "Brussels, Copenhagen, Madrid, Paris"), ("+3:30", "Tehran"), ("+5:30", "Bombay, Calcutta, Madras"),
    ("+9:30", "Adelaide, Darwin"),
)  # fmt: skip
_COLOURS = ("angry", "big", "blue", "golden", "happy", "orange", "silver", "yellow")
_ANIMALS = ("bear", "bird", "elephant", "gorilla", "leopard", "lion", "peacock", "swan")


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A telephone or identity number in two parts: the beginnings, and the ends for 0 to 9999."""

    heads: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class CountryPool:
    """The pieces of one country. Texts are the inside of JSON strings; each name is with its part of an address."""

    code: str
    female: tuple[tuple[str, str], ...]
    male: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    street: tuple[str, ...]
    city: tuple[str, ...]
    region: tuple[str, ...]
    """State, country and postcode, up to the first coordinate."""
    phone: Numbers
    cell: Numbers
    identity: Numbers


@dataclass(frozen=True, kw_only=True)
class Pool:
    """All pieces of a seed."""

    countries: tuple[CountryPool, ...]
    zone: tuple[str, ...]
    login: tuple[tuple[str, str], ...]
    """What stands before and after the number in a user name; the hashes are those of password + salt."""
    born: tuple[tuple[str, int], ...]
    """Days of birth, each with the age today."""
    registered: tuple[tuple[str, int], ...]
    minute: tuple[str, ...]
    second: tuple[str, ...]


@lru_cache(maxsize=4)
def make_pool(seed: int) -> Pool:
    """Make the pieces. The same seed gives the same ones under the same release of Faker. Cost: about a second.

    Raises:
        MissingExtraError: Faker is not installed.
    """
    try:
        import faker.decode
    except ImportError as error:
        raise MissingExtraError(extra="local", needed_for="the sample generator") from error
    ascii_of: Callable[[str], str] = faker.decode.unidecode
    draw = Random(f"logins {seed}")
    return Pool(
        countries=tuple(_country(seed, code, country, ascii_of) for code, country in COUNTRIES.items()),
        zone=tuple(f'"timezone":{{"offset":"{offset}","description":"{text}"}}}},' for offset, text in _ZONES),
        login=tuple(_login(draw) for _ in range(LOGINS)),
        born=tuple(_days(datetime(1944, 1, 1, tzinfo=UTC), datetime(2008, 1, 1, tzinfo=UTC))),
        registered=tuple(_days(datetime(2008, 1, 1, tzinfo=UTC), TODAY)),
        minute=tuple(f"T{n // 60:02d}:{n % 60:02d}:" for n in range(1440)),
        second=tuple(f"{n // 1000:02d}.{n % 1000:03d}Z" for n in range(60_000)),
    )


def _country(seed: int, code: str, country: Country, ascii_of: Callable[[str], str]) -> CountryPool:
    from faker import Factory

    draw = Random(f"{code} {seed}")
    wanted = ["faker.providers.person", "faker.providers.address"]
    fake: Any = Factory.create(country.locale, wanted, use_weighting=False)
    fake.seed(draw.getrandbits(32))

    def names(own: tuple[str, ...], maker: Callable[[], str]) -> tuple[tuple[str, str], ...]:
        found = _some(own, maker, NAMES, draw)
        return tuple((_inside(name), re.sub("[^a-z0-9]", "", ascii_of(name).lower()) or "x") for name in found)

    places = country.places or tuple((fake.city(), _state(fake)) for _ in range(PLACES))
    places = tuple(places[n % len(places)] for n in range(PLACES))
    return CountryPool(
        code=code,
        female=names(country.female, fake.first_name_female),
        male=names(country.male, fake.first_name_male),
        last=names(country.last_names, fake.last_name),
        street=tuple(_inside(street) for street in _some(country.streets, fake.street_name, NAMES, draw)),
        city=tuple(_inside(city) for city, _ in places),
        region=tuple(_region(state, country, draw) for _, state in places),
        phone=_numbers(country.phones, draw),
        cell=_numbers(country.cells, draw),
        identity=_numbers((country.id_value,), draw, before=f'{{"name":"{country.id_name}","value":'),
    )


def _some(own: tuple[str, ...], maker: Callable[[], str], count: int, draw: Random) -> tuple[str, ...]:
    return tuple(draw.choice(own) if own else maker() for _ in range(count))


def _state(fake: Any) -> str:
    return str(fake.administrative_unit() if hasattr(fake, "administrative_unit") else fake.region())


def _region(state: str, country: Country, draw: Random) -> str:
    code = _fill(country.postcode, draw)
    shown = code if country.postcode.startswith("%") and code.isdigit() else f'"{code}"'
    return f'"state":"{_inside(state)}","country":"{country.name}","postcode":{shown},"coordinates":{{"latitude":"'


def _numbers(patterns: tuple[str, ...], draw: Random, before: str = "") -> Numbers:
    """Fill patterns; a number that a country has none of is null."""
    if patterns == ("",):
        return Numbers(heads=((f"{before}null}}", ("",) * 10_000),) * PLACES)
    quote, close = ('"', '"}') if before else ("", "")
    chosen = [draw.choice(patterns).split("|") for _ in range(PLACES)]
    return Numbers(heads=tuple((before + quote + _fill(head, draw), _ends(end, close)) for head, end in chosen))


@lru_cache(maxsize=32)
def _ends(pattern: str, close: str) -> tuple[str, ...]:
    shape = pattern.replace("#", "{}") + close.replace("}", "}}")
    return tuple(shape.format(*f"{n:04d}") for n in range(10_000))


def _fill(pattern: str, draw: Random) -> str:
    kinds = {"#": "0123456789", "%": "123456789", "?": "ABCDEFGHJKLMNPRSTUVWXY"}
    return "".join(draw.choice(kinds[c]) if c in kinds else c for c in pattern)


def _inside(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _login(draw: Random) -> tuple[str, str]:
    password = "".join(draw.choice("abcdefghijkmnopqrstuvwxyz23456789") for _ in range(8))
    salt = "".join(draw.choice("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))
    hashes = ",".join(
        f'"{name}":"{hashlib.new(name, (password + salt).encode()).hexdigest()}"' for name in ("md5", "sha1", "sha256")
    )
    name = draw.choice(_COLOURS) + draw.choice(_ANIMALS)
    return f'"username":"{name}', f'","password":"{password}","salt":"{salt}",{hashes}}},'


def _days(begin: datetime, end: datetime) -> Iterator[tuple[str, int]]:
    for number in range((end - begin).days):
        day = begin + timedelta(days=number)
        yield f"{day:%Y-%m-%d}", TODAY.year - day.year - ((day.month, day.day) > (TODAY.month, TODAY.day))
