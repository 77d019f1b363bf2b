"""The 23 violations as a user writes them by hand: SQL that is true for a wrong value, null or false for any other.

In the order of the columns, then of the conditions over the row: the order of the bits of a mask.
"""

from __future__ import annotations

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = rf"\A{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}\z"
UUID = r"\A[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\z"
PHONE = r"\A(?:\+[0-9]{1,3}[ -])?[0-9][0-9 -]{5,16}[0-9]\z"
POSTCODE = r"\A[0-9]{5}\z"
NATIONALITIES = ("AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB")


def _no_match(column: str, pattern: str) -> str:
    return f'NOT {column} RLIKE r"{pattern}"'


VIOLATIONS = {
    "user_id_not_null": "user_id IS NULL",
    "user_id_uuid": _no_match("user_id", UUID),
    "first_name_not_null": "first_name IS NULL",
    "last_name_not_null": "last_name IS NULL",
    "email_not_null": "email IS NULL",
    "email_syntax": _no_match("email", EMAIL),
    "phone_not_null": "phone IS NULL",
    "phone_matches": _no_match("phone", PHONE),
    "gender_not_null": "gender IS NULL",
    "gender_one_of": "NOT gender IN ('female', 'male')",
    "age_between": "age < 0 OR age > 120",
    "country_not_null": "country IS NULL",
    "nationality_not_null": "nationality IS NULL",
    "nationality_one_of": f"NOT nationality IN {NATIONALITIES}",
    "city_not_null": "city IS NULL",
    "postcode_not_null": "postcode IS NULL",
    "postcode_matches": _no_match("postcode", POSTCODE),
    "born_on_not_null": "born_on IS NULL",
    "registered_at_not_null": "registered_at IS NULL",
    "latitude_between": "latitude < -90 OR latitude > 90",
    "longitude_between": "longitude < -180 OR longitude > 180",
    "registered_after_birth": "NOT born_on <= registered_at",
    "updated_after_registration": "NOT registered_at <= updated_at",
}

# What a score divides by: a missing value is not judged by a rule on values.
JUDGED = (
    "user_id IS NOT NULL", "email IS NOT NULL", "phone IS NOT NULL", "gender IS NOT NULL", "age IS NOT NULL",
    "nationality IS NOT NULL", "postcode IS NOT NULL", "latitude IS NOT NULL", "longitude IS NOT NULL",
    "(born_on <= registered_at) IS NOT NULL", "(registered_at <= updated_at) IS NOT NULL",
)  # fmt: skip
