"""Makers of argument values: each draws what the query says and what the call must hold.

In: a `random.Random`. Out: a `Value`, such as `Value("half past two in the afternoon", "14:30")`. Only integers are
drawn, and fractions are divided from them, so that every machine gets the same digits.
"""

from random import Random
from typing import Any

from funreason_trl.data.sample.spec import Maker, Value


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
FIRST_NAMES = (
    "Amara", "Bjorn", "Chloe", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Lukas", "Mina",
    "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wanda", "Yusuf",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Bianchi", "Castillo", "Dahl", "Eriksen", "Fofana", "Grant", "Haas", "Ivanova", "Jensen", "Kaya", "Lindt",
    "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Ricci", "Sato", "Tran", "Usman", "Varga", "Weber", "Zhou",
)  # fmt: skip
CITIES = (
    "Lisbon", "Oslo", "Nairobi", "Toronto", "Osaka", "Lima", "Prague", "Dublin", "Seville", "Helsinki", "Hanoi",
    "Montreal", "Krakow", "Accra", "Athens", "Bergen", "Porto", "Denver", "Jakarta", "Tunis", "Zurich", "Perth",
    "Santiago", "Marseille", "Bologna", "Kyoto", "Leeds", "Austin", "Tallinn", "Quito", "Riga", "Cairo",
)  # fmt: skip
COUNTRIES = (
    "Brazil", "Canada", "Japan", "Kenya", "Norway", "Portugal", "India", "Chile", "Vietnam", "Ghana", "Poland",
    "Greece", "Mexico", "Ireland", "Morocco", "Peru", "Italy", "Finland", "Thailand", "Iceland",
)  # fmt: skip
STREETS = (
    "Mill Road", "Station Street", "Harbour Lane", "Church Street", "Garden Avenue", "Queen Street", "Bridge Road",
    "Park Lane", "Oak Avenue", "Market Square", "Hill Street", "River Walk", "Elm Street", "Castle Road",
)  # fmt: skip
CURRENCIES = {
    "euros": "EUR", "US dollars": "USD", "British pounds": "GBP", "Japanese yen": "JPY", "Swiss francs": "CHF",
    "Indian rupees": "INR", "Canadian dollars": "CAD", "Swedish kronor": "SEK", "Polish zloty": "PLN",
    "Mexican pesos": "MXN",
}  # fmt: skip


def pick(*texts: str) -> Maker:
    """One of the texts, copied as it stands."""
    return lambda rng: _copied(rng.choice(texts))


def whole(low: int, high: int, step: int = 1) -> Maker:
    return lambda rng: _copied(rng.randrange(low, high + 1, step))


def decimal(low: int, high: int, places: int = 1) -> Maker:
    """A number of up to `places` decimals; the bounds are whole numbers."""
    scale = 10**places
    return lambda rng: _decimal(rng.randint(low * scale, high * scale), scale)


def several(*items: str, most: int = 3) -> Maker:
    """Two to `most` of the items, as a list."""
    return lambda rng: _listed(rng.sample(items, rng.randint(2, most)))


def numbers(low: int, high: int, fewest: int = 3, most: int = 5) -> Maker:
    return lambda rng: _listed(rng.sample(range(low, high + 1), rng.randint(fewest, most)))


def scaled(low: int, high: int, unit: str, factor: int, small: str) -> Maker:
    """A count of a large unit that the call wants in a small one: "3 hours" is 180 (minutes)."""

    def make(rng: Random) -> Value:
        count = rng.randint(low, high)
        return Value(f"{count} {unit}", count * factor, f"{count} x {factor} {small}")

    return make


def either(*makers: Maker) -> Maker:
    return lambda rng: rng.choice(makers)(rng)


def with_unit(maker: Maker, unit: str) -> Maker:
    """The value said with its unit, as in "45 minutes", where the call takes the bare number."""

    def make(rng: Random) -> Value:
        value = maker(rng)
        return Value(f"{value.text} {unit}", value.value)

    return make


def code(pattern: str) -> Maker:
    """`#` becomes a digit from 1 to 9, `@` a capital letter that no digit looks like."""

    def make(rng: Random) -> Value:
        return _copied("".join(_code_sign(sign, rng) for sign in pattern))

    return make


def dates(first_month: int = 1, last_month: int = 12) -> Maker:
    """A date in one of several spellings; the call wants YYYY-MM-DD."""

    def make(rng: Random) -> Value:
        day, month, year = rng.randint(2, 28), rng.randint(first_month, last_month), rng.randint(2024, 2027)
        name = MONTHS[month - 1]
        spellings = [f"{day} {name} {year}", f"{name} {day}, {year}", f"{day} {name[:3]} {year}"]
        if day > 12:  # else a reader could take the day for the month
            spellings.append(f"{day}/{month:02}/{year}")
        return Value(rng.choice(spellings), f"{year}-{month:02}-{day:02}")

    return make


def times(first_hour: int = 7, last_hour: int = 21) -> Maker:
    """A time of day in words or digits; the call wants 24-hour HH:MM."""

    def make(rng: Random) -> Value:
        hour, minute = rng.randint(first_hour, last_hour), rng.choice((0, 15, 30, 45))
        return Value(_spoken_time(hour, minute, rng), f"{hour:02}:{minute:02}")

    return make


def person(rng: Random) -> Value:
    return _copied(f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}")


def first_names(rng: Random) -> Value:
    return _listed(rng.sample(FIRST_NAMES, rng.randint(2, 3)))


def address(rng: Random) -> Value:
    return _copied(f"{rng.randint(2, 98)} {rng.choice(STREETS)}")


def email(rng: Random) -> Value:
    host = rng.choice(("example.com", "example.org", "mail.example.net"))
    return _copied(f"{rng.choice(FIRST_NAMES).lower()}.{rng.choice(LAST_NAMES).lower()}@{host}")


CITY: Maker = pick(*CITIES)
COUNTRY: Maker = pick(*COUNTRIES)
FIRST_NAME: Maker = pick(*FIRST_NAMES)
DATE = dates()
TIME = times()
MINUTES = either(
    with_unit(whole(15, 55, 5), "minutes"),
    scaled(2, 4, "hours", 60, "minutes"),
    lambda rng: rng.choice(
        (Value("half an hour", 30, "30 minutes"), Value("an hour and a half", 90, "60 + 30 minutes"))
    ),
)


def _copied(value: Any) -> Value:
    return Value(str(value), value)


def _decimal(scaled_value: int, scale: int) -> Value:
    whole_part, rest = divmod(scaled_value, scale)
    return _copied(scaled_value / scale if rest else whole_part)


def _listed(items: list[Any]) -> Value:
    said = [str(item) for item in items]
    return Value(f"{', '.join(said[:-1])} and {said[-1]}", list(items))


def _code_sign(sign: str, rng: Random) -> str:
    if sign == "#":
        return rng.choice("123456789")
    if sign == "@":
        return rng.choice("ABCDEFGHJKLMNPRTUVWXYZ")
    return sign


def _spoken_time(hour: int, minute: int, rng: Random) -> str:
    twelve, half = hour % 12 or 12, "am" if hour < 12 else "pm"
    clock = f"{twelve} {half}" if minute == 0 else f"{twelve}:{minute:02} {half}"
    digits = f"{hour}:{minute:02}" if hour > 12 else clock  # "9:30" alone could be the evening
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
    words = {
        0: f"{HOURS[hour % 12]} o'clock {part}",
        15: f"quarter past {HOURS[hour % 12]} {part}",
        30: f"half past {HOURS[hour % 12]} {part}",
        45: f"quarter to {HOURS[(hour + 1) % 12]} {part}",
    }
    # "Quarter to twelve in the morning" and its like at noon are what nobody says.
    spellings = (clock, digits) if hour in (11, 12, 17) else (clock, digits, words[minute])
    return rng.choice(spellings)
