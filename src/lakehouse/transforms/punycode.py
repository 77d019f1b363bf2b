"""Punycode, the letters of the world in ASCII (RFC 3492), as SQL: a label of a domain to it, and back.

Code points go in and out as UTF-32 in hexadecimal, the one form in which Spark knows them both ways.
"""

from __future__ import annotations

from lakehouse.transforms.let import choose, let

_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
_LAST_CODE_POINT = 0x10FFFF
_NO_TEXT = "cast(null as string)"
_NO_POINTS = "cast(array() as array<bigint>)"


def encoded(label: str) -> str:
    """Give SQL of a label as ``xn--…``. Cost: some 100 µs; quadratic in the length of the label."""
    # Letters are put in from the smallest to the greatest, each by its distance from where the last one was put.
    placed = "transform(points, (point, at) -> named_struct('point', point, 'at', at))"
    inserted = f"array_sort(filter({placed}, one -> one.point >= 128))"
    basic = "array_join(transform(filter(points, point -> point < 128), point -> chr(point)), '')"
    before = "size(filter(points, (point, at) -> at < one.at and point <= one.point))"
    step = let("place", f"cast({before} as bigint)", _inserted_one())
    text = "if(basic = '', '', concat(basic, '-'))"
    start = _state(point="128L", at="0L", bias="72L", count="cast(length(basic) as bigint)", text=text)
    fold = f"aggregate({inserted}, {start}, (state, one) -> {step}, state -> concat('xn--', state.text))"
    return let("points", _points(label), let("basic", basic, fold))


def decoded(label: str) -> str:
    """Give SQL of the letters of an ``xn--…``; null where it is none, or stands for ASCII alone. Cost: as above."""
    start = _walk(
        points=_points("basic"),
        size="cast(length(basic) as bigint)",
        point="128L",
        at="0L",
        before="0L",
        weight="1L",
        key="36L",
        bias="72L",
    )
    # Between two letters the weight is 1: else the last one is not whole.
    good = f"walk.weight = 1L and walk.size > cast(length(basic) as bigint) and {_letters_only('walk.points')}"
    end = f"if({good}, {_text('walk.points')}, {_NO_TEXT})"
    fold = f"aggregate(split(digits, ''), {start}, (walk, one) -> {_digit_read()}, walk -> {end})"
    basic = f"substring({label}, 5, length({label}) - length(digits) - 5)"
    # What is none has no digits, and comes to nothing.
    digits = rf"if({label} rlike r'\Axn--[a-z0-9\-]{{0,58}}[a-z0-9]\z', substring_index({label}, '-', -1), '')"
    return let("digits", digits, let("basic", basic, fold))


def _inserted_one() -> str:
    delta = "(one.point * (state.count + 1) + place) - (state.point * (state.count + 1) + state.at)"
    bias = _adapted("delta", "state.count + 1", "state.count = cast(length(basic) as bigint)")
    text = f"concat(state.text, {_number('delta', 'state.bias')})"
    return let("delta", delta, _state(point="one.point", at="place + 1", bias=bias, count="state.count + 1", text=text))


def _number(value: str, bias: str) -> str:
    """Write a number to a base that changes with each digit."""
    digit = "left + (number.value - left) % (36L - left)"
    more = f"named_struct('value', (number.value - left) div (36L - left), 'text', concat(number.text, {_sign(digit)}))"
    last = f"named_struct('value', -1L, 'text', concat(number.text, {_sign('number.value')}))"
    step = f"case when number.value < 0 then number when number.value < left then {last} else {more} end"
    keys = ", ".join(f"{36 * n}L" for n in range(1, 10))
    start = f"named_struct('value', {value}, 'text', '')"
    lefts = f"transform(array({keys}), key -> {_limit('key', bias)})"
    return f"aggregate({lefts}, {start}, (number, left) -> {step}, number -> number.text)"


def _digit_read() -> str:
    digit, size = f"(cast(instr('{_DIGITS}', one) as bigint) - 1L)", "(walk.size + 1)"
    limit = _limit("walk.key", "walk.bias")
    whole = _walk(
        points=f"array_insert(walk.points, cast(here % {size} as int) + 1, walk.point + here div {size})",
        size="walk.size + 1",
        point=f"walk.point + here div {size}",
        at=f"here % {size} + 1",
        before=f"here % {size} + 1",
        weight="1L",
        key="36L",
        bias=_adapted("here - walk.before", size, "walk.before = 0"),
    )
    # A greater weight than there are letters stays what it is: too great, and not so great that sums overflow.
    weight = f"least(walk.weight * (36L - {limit}), 4294967296L)"
    part = _walk(at="here", weight=weight, key="walk.key + 36")
    return let("here", f"walk.at + {digit} * walk.weight", choose(f"{digit} >= {limit}", part, whole))


def _adapted(delta: str, points: str, first: str) -> str:
    halved = f"({delta}) div if({first}, 700L, 2L)"
    # The distance is divided by 35 until it is below 456. No distance within Unicode needs more than four divisions.
    ways = ((36 * times, 35**times) for times in range(5))
    whens = (
        f"when damped < {456 * by} then {key}L + 36L * (damped div {by}L) div (damped div {by}L + 38L)"
        for key, by in ways
    )
    return let("damped", f"{halved} + {halved} div ({points})", f"case {' '.join(whens)} else 0L end")


def _limit(key: str, bias: str) -> str:
    return f"least(greatest({key} - {bias}, 1L), 26L)"


def _sign(digit: str) -> str:
    return f"substring('{_DIGITS}', cast({digit} as int) + 1, 1)"


def _points(text: str) -> str:
    """Give the code points of a text."""
    return f"if({text} = '', {_NO_POINTS}, transform(split({text}, ''), one -> cast(ascii(one) as bigint)))"


def _text(points: str) -> str:
    return f"decode(unhex(array_join(transform({points}, one -> lpad(hex(one), 8, '0')), '')), 'UTF-32')"


def _letters_only(points: str) -> str:
    return f"forall({points}, one -> one < 55296 or one between 57344 and {_LAST_CODE_POINT})"


def _state(**fields: str) -> str:
    return f"named_struct({', '.join(f'{name!r}, {value}' for name, value in fields.items())})"


def _walk(**changed: str) -> str:
    names = ("points", "size", "point", "at", "before", "weight", "key", "bias")
    return _state(**{name: changed.get(name, f"walk.{name}") for name in names})
