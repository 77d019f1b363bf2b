"""Made-up people in the format of the RandomUser 1.4 API: the same for the same seed, on every machine."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random

from lakehouse.errors import MissingExtraError

# The nationalities of RandomUser, and where Faker speaks of them; Serbia has no locale there, Croatia is next to it.
LOCALES = {
    "AU": ("en_AU", "Australia"), "BR": ("pt_BR", "Brazil"), "CA": ("en_CA", "Canada"), "CH": ("de_CH", "Switzerland"),
    "DE": ("de_DE", "Germany"), "DK": ("da_DK", "Denmark"), "ES": ("es_ES", "Spain"), "FI": ("fi_FI", "Finland"),
    "FR": ("fr_FR", "France"), "GB": ("en_GB", "United Kingdom"), "IE": ("en_IE", "Ireland"), "IN": ("en_IN", "India"),
    "IR": ("fa_IR", "Iran"), "MX": ("es_MX", "Mexico"), "NL": ("nl_NL", "Netherlands"), "NO": ("no_NO", "Norway"),
    "NZ": ("en_NZ", "New Zealand"), "RS": ("hr_HR", "Serbia"), "TR": ("tr_TR", "Turkey"), "UA": ("uk_UA", "Ukraine"),
    "US": ("en_US", "United States"),
}  # fmt: skip
_POOL = 40  # values of each kind by country; people are combinations of them
_TODAY = datetime(2026, 1, 1, tzinfo=UTC)  # what ages are counted to; the clock would change the bytes
_BORN, _REGISTERED = datetime(1940, 1, 1, tzinfo=UTC), datetime(2010, 1, 1, tzinfo=UTC)
_ZONES = (("-8:00", "Pacific Time"), ("0:00", "London, Lisbon"), ("+1:00", "Paris, Berlin"), ("+9:30", "Adelaide"))
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class _Country:
    """Values of one country, as the inside of JSON strings."""

    code: str
    name: str
    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]
    street: tuple[str, ...]
    city: tuple[str, ...]
    state: tuple[str, ...]
    postcode: tuple[str, ...]
    phone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Twist:
    """What is changed of a person in one message."""

    email: str | None = None
    city: str | None = None
    first: str | None = None
    age: str | None = None
    born: str | None = None
    street_number: str | None = None


PLAIN = Twist()


@lru_cache(maxsize=16)  # a message asks for its person's twice
def user_id(seed: int, number: int) -> str:
    """Give the identifier of a person."""
    high, low = mix(seed, number, 1), mix(seed, number, 2)
    digits = f"{high:016x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def mix(seed: int, number: int, salt: int) -> int:
    """Give 64 well-spread bits of three numbers (splitmix64): random access, no state."""
    z = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + salt * 0x94D049BB133111EB) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def person_json(seed: int, number: int, twist: Twist = PLAIN) -> str:
    """Give one person as JSON. Cost: about 10 µs; strings are put together, no document is serialised."""
    h, g = mix(seed, number, 3), mix(seed, number, 4)
    countries = pools(seed)
    country = countries[h % len(countries)]
    is_female = bool(h >> 8 & 1)
    first = (country.female if is_female else country.male)[(h >> 9) % _POOL]
    last = country.last[(h >> 16) % _POOL]
    born = _BORN + timedelta(milliseconds=(g & 0x3FFFFFFFFFF) % (66 * 365 * 86_400_000))
    registered = _REGISTERED + timedelta(milliseconds=(g >> 20) % (15 * 365 * 86_400_000))
    uuid = user_id(seed, number)
    username = f"user{h >> 24 & 0xFFFFFF}"
    zone = _ZONES[h >> 30 & 3]
    postcode = country.postcode[(h >> 32) % _POOL]
    quoted = postcode if postcode.isdigit() and postcode[0] != "0" else f'"{postcode}"'
    digest = hashlib.sha256(uuid.encode()).hexdigest()
    portrait = f"https://randomuser.me/api/portraits/{'women' if is_female else 'men'}/{h % 100}.jpg"
    return (
        f'{{"gender":"{"female" if is_female else "male"}",'
        f'"name":{{"title":"{"Ms" if is_female else "Mr"}","first":"{twist.first or first}","last":"{last}"}},'
        f'"location":{{"street":{{"number":{twist.street_number or (h >> 40) % 9990 + 1},'
        f'"name":"{country.street[(h >> 38) % _POOL]}"}},"city":"{twist.city or country.city[(h >> 44) % _POOL]}",'
        f'"state":"{country.state[(h >> 46) % _POOL]}","country":"{country.name}","postcode":{quoted},'
        f'"coordinates":{{"latitude":"{(g % 1_800_000 - 900_000) / 10_000}",'
        f'"longitude":"{(g % 3_600_000 - 1_800_000) / 10_000}"}},'
        f'"timezone":{{"offset":"{zone[0]}","description":"{zone[1]}"}}}},'
        f'"email":"{_address(first, last) if twist.email is None else twist.email}",'
        f'"login":{{"uuid":"{uuid}","username":"{username}","password":"{digest[:10]}","salt":"{digest[10:18]}",'
        f'"md5":"{digest[:32]}","sha1":"{digest[:40]}","sha256":"{digest}"}},'
        f'"dob":{{"date":"{twist.born or _iso(born)}","age":{twist.age or _years(born)}}},'
        f'"registered":{{"date":"{_iso(registered)}","age":{_years(registered)}}},'
        f'"phone":"{country.phone[(h >> 48) % _POOL]}","cell":"{country.phone[(h >> 50) % _POOL]}",'
        f'"id":{{"name":"SSN","value":"{g % 1_000_000_000:09d}"}},'
        f'"picture":{{"large":"{portrait}","medium":"{portrait}","thumbnail":"{portrait}"}},"nat":"{country.code}"}}'
    )


@lru_cache(maxsize=4)
def pools(seed: int) -> tuple[_Country, ...]:
    """Make the values that people are combined of. Cost: 1 to 2 s, once per seed and process.

    Raises:
        MissingExtraError: Faker is not installed.
    """
    try:
        from faker import Faker
    except ImportError as error:
        raise MissingExtraError(extra="local", needed_for="the sample generator") from error
    countries = []
    for code, (locale, name) in LOCALES.items():
        fake = Faker(locale, use_weighting=False)
        fake.seed_instance(Random(f"{seed} {code}").getrandbits(32))
        makers = (
            fake.first_name_female, fake.first_name_male, fake.last_name, fake.street_name, fake.city,
            getattr(fake, "administrative_unit", fake.city), fake.postcode, fake.phone_number,
        )  # fmt: skip
        values = [tuple(json.dumps(maker(), ensure_ascii=False)[1:-1] for _ in range(_POOL)) for maker in makers]
        countries.append(_Country(code, name, *values))
    return tuple(countries)


@lru_cache(maxsize=100_000)
def _address(first: str, last: str) -> str:
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode().lower()
    letters = "".join(c for c in plain if c.isalnum() or c == ".").strip(".")
    return f"{letters}@example.com" if len(letters) > 3 and ".." not in letters else "someone@example.com"


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")[:23] + "Z"


def _years(since: datetime) -> int:
    return _TODAY.year - since.year - ((_TODAY.month, _TODAY.day) < (since.month, since.day))
