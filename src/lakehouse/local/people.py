"""Made-up people in the format of the RandomUser 1.4 API: the same for the same seed, on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

from lakehouse.local.person_pool import CountryPool, make_pool

_MASK = (1 << 64) - 1
_WORDS = Struct("<12I")


@dataclass(frozen=True, kw_only=True)
class Twist:
    """What is changed of a person in one message: pieces of JSON without the quotes, with them where types change."""

    email: str | None = None
    city: str | None = None
    first: str | None = None
    age: str | None = None
    born: str | None = None
    street_number: str | None = None


PLAIN = Twist()


def user_id(seed: int, number: int) -> str:
    """Give the identifier of a person, a UUID of version 4 in form."""
    return _draw(seed, number)[1]


def mix(seed: int, number: int, salt: int) -> int:
    """Give 64 well-spread bits of three numbers (splitmix64): random access, no state."""
    z = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + salt * 0x94D049BB133111EB) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


@lru_cache(maxsize=8)  # a message asks for the identifier as its key and in its value
def _draw(seed: int, number: int) -> tuple[tuple[int, ...], str]:
    """Give twelve draws of 32 bits and the identifier, all from one hash."""
    drawn = blake2b(b"%d %d" % (seed, number)).digest()
    h = drawn[48:].hex()
    return _WORDS.unpack(drawn[:48]), f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[drawn[56] & 3]}{h[17:20]}-{h[20:]}"


def person_json(seed: int, number: int, twist: Twist = PLAIN) -> str:
    """Give one person as JSON. Cost: about 10 µs; pieces are put together, no document is serialised."""
    pool = make_pool(seed)
    (a, b, c, d, e, f, g, h, i, j, k, m), uuid = _draw(seed, number)
    country = pool.countries[a % len(pool.countries)]
    born, age = pool.born[b % len(pool.born)]
    since, years = pool.registered[c % len(pool.registered)]
    last, last_ascii = country.last[d & 127]
    if d & 0x80:
        (first, first_ascii), folder = country.female[d >> 8 & 127], "women"
        who = '{"gender":"female","name":{"title":"' + ("Ms", "Mrs", "Miss", "Ms")[d >> 15 & 3]
    else:
        (first, first_ascii), folder = country.male[d >> 8 & 127], "men"
        who = '{"gender":"male","name":{"title":"Mr'
    username, secret = pool.login[d >> 17 & 2047]
    place, portrait = e & 63, f"{folder}/{e >> 6 & 63}.jpg"
    born_at, since_at = pool.minute[f % 1440] + pool.second[g % 60_000], pool.minute[g % 1440] + pool.second[f % 60_000]
    return (
        f'{who}","first":"{twist.first or first}","last":"{last}"}},"location":{{"street":{{'
        f'"number":{twist.street_number or h % 9999 + 1},"name":"{country.street[e >> 12 & 127]}"}},'
        f'"city":"{twist.city or country.city[place]}",{country.region[place]}{i % 1_800_000 / 1e4 - 90:.4f}",'
        f'"longitude":"{j % 3_600_000 / 1e4 - 180:.4f}"}},{pool.zone[e >> 19 & 7]}'
        f'"email":"{f"{first_ascii}.{last_ascii}@example.com" if twist.email is None else twist.email}",'
        f'"login":{{"uuid":"{uuid}",{username}{m % 1000}{secret}'
        f'"dob":{{"date":"{twist.born or born + born_at}","age":{twist.age or age}}},'
        f'"registered":{{"date":"{since + since_at}","age":{years}}},{_numbers(country, k, m)},'
        f'"picture":{{"large":"{_PORTRAITS}{portrait}","medium":"{_PORTRAITS}med/{portrait}",'
        f'"thumbnail":"{_PORTRAITS}thumb/{portrait}"}},"nat":"{country.code}"}}'
    )


_PORTRAITS = "https://randomuser.me/api/portraits/"


def _numbers(country: CountryPool, k: int, m: int) -> str:
    phone, phone_ends = country.phone.heads[k & 63]
    cell, cell_ends = country.cell.heads[k >> 6 & 63]
    identity, identity_ends = country.identity.heads[m & 63]
    return (
        f'"phone":"{phone}{phone_ends[(k >> 12) % 10_000]}","cell":"{cell}{cell_ends[(m >> 6) % 10_000]}",'
        f'"id":{identity}{identity_ends[(m >> 12) % 10_000]}'
    )
