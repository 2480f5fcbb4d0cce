"""Labelled pairs of reports, made by a seeded process: twins, and events that only look alike.

An event is drawn first: what, when, where, how, to whom, and a scene of three to six details. A
reporter then tells it and gets things wrong, as two people who heard of one event do: another hour,
a part of the day or only the day; the next neighbourhood, or the whole sub-district; another type
of the family, or "other"; other numbers, or none; an age a few years off; answers left out; Arabic
or English, some of the details in words of their own, and slips of the pen.

A twin is one event told twice. A hard negative is two events, each told once, that the candidate
query would put beside each other: retaliation hours after a killing, the same gang the same night,
another shooting in the same street, a different event of the same kind on the same days.

What this assumes stands in docs/duplicates.md. The matcher's points were set on seeds below 100.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.duplicates.scoring import BANDS, Count, Harmed, Telling, may_be_twins
from incidents.duplicates.words import marks

#: Neighbourhoods of one sub-district with rough middles, so that some are neighbours.
PLACES: dict[str, tuple[float, float]] = {
    "ASHAR": (30.512, 47.835),
    "MAQAL": (30.557, 47.797),
    "JUMHURIYA": (30.508, 47.806),
    "HAYANIYA": (30.505, 47.768),
    "QIBLA": (30.485, 47.778),
    "JUBAILA": (30.541, 47.803),
    "JUNAINA": (30.527, 47.803),
    "BARADHIYA": (30.503, 47.845),
    "TUWAISA": (30.519, 47.824),
    "BRIHA": (30.513, 47.829),
    "HAKIMIYA": (30.531, 47.813),
    "ASMAI": (30.494, 47.790),
    "HUSSEIN": (30.507, 47.752),
    "ANDALUS": (30.534, 47.790),
}
TYPES: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "killing": (("MUR", "ASN", "BDY"), (0.7, 0.18, 0.12)),
    "attempt": (("ATM", "SHT", "CLS", "GRN", "IED", "DKA"), (0.4, 0.3, 0.06, 0.08, 0.06, 0.1)),
    "abduction": (("KID", "DET"), (0.75, 0.25)),
    "coercion": (("THR", "EXT"), (0.7, 0.3)),
    "property": (("ROB", "DMG"), (0.65, 0.35)),
}
FAMILY_SHARE = {
    "killing": 0.38,
    "attempt": 0.32,
    "abduction": 0.12,
    "coercion": 0.09,
    "property": 0.09,
}
METHODS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "killing": (
        ("shooting", "drive_by", "silenced", "stabbing", "strangling"),
        (0.5, 0.2, 0.1, 0.15, 0.05),
    ),
    "attempt": (("shooting", "drive_by", "explosion"), (0.65, 0.2, 0.15)),
    "coercion": (("letter", "phone", "online"), (0.4, 0.4, 0.2)),
}
WEAPONS: dict[str, tuple[str, ...]] = {
    "shooting": ("pistol", "rifle"),
    "drive_by": ("pistol", "rifle"),
    "silenced": ("silenced", "pistol"),
    "stabbing": ("knife",),
    "explosion": ("grenade", "ied"),
}
PLACE_TYPES = ("home", "street", "market", "workplace", "vehicle", "mosque", "farm")
ROLES = ("trader", "police", "teacher", "driver", "tribal", "student", "worker", "official")
MOTIVES = ("criminal", "tribal", "political", "retaliation", "personal")

#: A scene's details as either language says them; no two people say them alike.
DETAILS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("from a white car", "the attackers came in a white saloon"), ("من سيارة بيضاء",)),
    (("from a black pickup without plates",), ("من بيكب اسود بلا ارقام", "سيارة بيكاب سوداء")),
    (("two on a motorcycle", "riders of a motorbike"), ("شخصان على دراجة", "راكبو دراجة نارية")),
    (("in front of a mosque",), ("امام الجامع", "قرب المسجد بعد الصلاة")),
    (("near the vegetable market",), ("قرب سوق الخضار", "عند مدخل السوق")),
    (("at a barber shop",), ("في محل حلاقة", "داخل محل الحلاق")),
    (("beside the girls school",), ("بجانب مدرسة البنات", "قرب مدرسة")),
    (("by the old bridge",), ("عند الجسر القديم", "تحت الجسر")),
    (("on the bank of the canal",), ("على ضفة النهر", "قرب النهر")),
    (("the victim had received a letter before",), ("وصلته رسالة تهديد قبل ايام",)),
    (("he was taken to the general hospital",), ("نقل الى المستشفى العام",)),
    (("a quarrel about land came before it",), ("بعد خلاف على قطعة ارض",)),
    (("over an unpaid debt",), ("بسبب دين قديم", "خلاف على مبلغ مالي")),
    (("masked attackers",), ("كانوا ملثمين", "ملثمون")),
    (("in uniform, with radios",), ("بزي عسكري ومعهم اجهزة",)),
    (("coming home from a wedding",), ("عائدا من عرس", "بعد حفل زفاف")),
    (("during a funeral gathering",), ("اثناء مجلس عزاء",)),
    (("outside a bakery at the roundabout",), ("امام مخبز عند الفلكة",)),
    (("at the gate of a garage for tyres",), ("عند باب كراج اطارات",)),
    (("the son of a contractor",), ("ابن مقاول معروف",)),
    (("a guard of the port",), ("حارس في الميناء",)),
    (("a generator operator",), ("صاحب مولدة اهلية",)),
    (("electricity was out at the time",), ("كانت الكهرباء مقطوعة",)),
    (("the shutters of the pharmacy were hit",), ("اصابت باب الصيدلية",)),
    (("relatives blocked the road with burning tyres",), ("قطع الاقارب الطريق باطارات",)),
    (("a sheikh is collecting the families",), ("شيخ العشيرة يجمع العائلتين",)),
    (("three cartridges were found",), ("عثر على ثلاث ظروف فارغة",)),
    (("a boy selling cigarettes saw it",), ("شاهدها صبي يبيع السكائر",)),
    (("they shouted a name before they left",), ("صاحوا باسم قبل المغادرة",)),
    (("near the football field behind the mill",), ("قرب ملعب الكرة خلف الطاحونة",)),
]
OPENINGS_EN = {
    "killing": "A man was killed",
    "attempt": "Shots were fired",
    "abduction": "A man was taken away",
    "coercion": "A man was threatened",
    "property": "Armed men robbed a place",
}
OPENINGS_AR = {
    "killing": "مقتل رجل",
    "attempt": "اطلاق نار",
    "abduction": "خطف رجل",
    "coercion": "تهديد رجل",
    "property": "سلب مسلح",
}


@dataclass(frozen=True)
class Event:
    """What really happened."""

    family: str
    type: str
    at: datetime
    place: str
    lat: float
    lon: float
    method: str
    weapon: str
    place_type: str
    motive: str
    killed: int
    injured: int
    abducted: int
    victims: tuple[Harmed, ...]
    details: tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """Two tellings, whether they tell of one event, and how they were made."""

    one: Telling
    other: Telling
    is_twin: bool
    made: str


def _one_of(draw: random.Random, codes: Any, weights: Any = None) -> Any:
    return draw.choices(codes, weights)[0]


def neighbours(place: str) -> list[str]:
    """The three nearest neighbourhoods."""
    lat, lon = PLACES[place]
    near = sorted(PLACES, key=lambda p: (PLACES[p][0] - lat) ** 2 + (PLACES[p][1] - lon) ** 2)
    return near[1:4]


def _person(draw: random.Random) -> Harmed:
    age = min(85, max(8, round(draw.gauss(33, 12))))
    band = next(
        (b for b, end in zip(BANDS, (11, 17, 24, 34, 49, 64), strict=False) if age <= end), "65+"
    )
    roles = frozenset({_one_of(draw, ROLES)}) if draw.random() < 0.6 else frozenset()
    return Harmed("m" if draw.random() < 0.86 else "f", age, band, roles)


def event(draw: random.Random, *, like: Event | None = None, at: datetime | None = None) -> Event:
    """An event; `like` keeps family and neighbourhood (or the next one) of another one."""
    family = like.family if like else _one_of(draw, list(FAMILY_SHARE), list(FAMILY_SHARE.values()))
    type_ = _one_of(draw, *TYPES[family])
    hour = _one_of(
        draw, range(24), [2, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7, 8, 8, 7, 5, 3]
    )
    moment = at or datetime(2026, 3, 1, tzinfo=UTC) + timedelta(
        days=draw.randrange(200), hours=hour, minutes=draw.randrange(60)
    )
    place = _one_of(draw, list(PLACES))
    if like is not None:
        place = like.place if draw.random() < 0.5 else _one_of(draw, neighbours(like.place))
    lat, lon = PLACES[place]
    method = _one_of(draw, *METHODS[family]) if family in METHODS else "unknown"
    killed = _one_of(draw, (1, 2, 3), (0.86, 0.1, 0.04)) if family == "killing" else 0
    injured = {
        "killing": lambda: _one_of(draw, (0, 1, 2), (0.75, 0.17, 0.08)),
        "attempt": lambda: (
            0 if type_ == "SHT" else _one_of(draw, (1, 2, 3, 4), (0.68, 0.2, 0.08, 0.04))
        ),
    }.get(family, lambda: 0)()
    abducted = _one_of(draw, (1, 2, 3), (0.85, 0.1, 0.05)) if family == "abduction" else 0
    number = max(1, killed + injured + abducted) if type_ not in {"SHT", "DMG"} else 0
    return Event(
        family=family,
        type=type_,
        at=moment,
        place=place,
        lat=lat + draw.gauss(0, 0.004),
        lon=lon + draw.gauss(0, 0.004),
        method=method,
        weapon=_one_of(draw, WEAPONS.get(method, ("unknown",))),
        place_type=_one_of(draw, PLACE_TYPES),
        motive=_one_of(draw, MOTIVES),
        killed=killed,
        injured=injured,
        abducted=abducted,
        victims=tuple(_person(draw) for _ in range(min(number, 4))),
        details=tuple(draw.sample(range(len(DETAILS)), draw.randint(3, 6))),
    )


def _slip(draw: random.Random, text: str) -> str:
    """A slip of the pen in about one word of fifteen: a letter lost, doubled or exchanged."""
    words = []
    for word in text.split():
        if len(word) > 3 and draw.random() < 0.07:
            at = draw.randrange(1, len(word) - 1)
            word = _one_of(
                draw,
                [
                    word[:at] + word[at + 1 :],
                    word[:at] + word[at] + word[at:],
                    word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                ],
            )
        words.append(word)
    return " ".join(words)


def _part_of_day(hour: int) -> str:
    for band, begins in (("night", 21), ("evening", 18), ("afternoon", 13), ("morning", 8)):
        if hour >= begins:
            return band
    return "dawn" if hour >= 4 else "night"


def _number(draw: random.Random, true: int, *, wrong: float) -> Count:
    """The number as somebody heard it: right, one off, as a range, or not known."""
    drawn = draw.random()
    if drawn < 0.08:
        return Count()
    if drawn < 0.14 and true:
        return Count(None, max(0, true - 1), true + 1)
    if drawn < 0.14 + wrong and true:
        return Count(max(1, true + _one_of(draw, (-1, 1))))
    return Count(true)


def _person_told(draw: random.Random, person: Harmed) -> Harmed:
    drawn = draw.random()
    told = replace(
        person,
        sex=person.sex if draw.random() < 0.92 else "unknown",
        age=person.age + draw.randint(-3, 3) if drawn < 0.45 and person.age else None,
        age_band=person.age_band if drawn < 0.75 else "unknown",
        roles=person.roles if draw.random() < 0.75 else frozenset(),
    )
    # Somebody young at the edge of a band is put into the next one by the other teller.
    if told.age is None and told.age_band != "unknown" and draw.random() < 0.12:
        at = BANDS.index(told.age_band)
        told = replace(told, age_band=BANDS[min(len(BANDS) - 1, at + 1)])
    return told


def _summary(draw: random.Random, happened: Event) -> str:
    if draw.random() < 0.12:
        return ""
    arabic = draw.random() < 0.65
    told = [at for at in happened.details if draw.random() < 0.72]
    draw.shuffle(told)
    words = [(OPENINGS_AR if arabic else OPENINGS_EN)[happened.family]]
    words += [_one_of(draw, DETAILS[at][1 if arabic else 0]) for at in told]
    return _slip(draw, " ".join(words))


def telling(draw: random.Random, happened: Event) -> Telling:
    """One reporter's account of an event."""
    precise = draw.random()
    wrong_by = draw.gauss(0, 1.1) if draw.random() < 0.8 else draw.uniform(-7, 7)
    at = happened.at + timedelta(hours=wrong_by)
    knows_clock = precise < 0.6
    day_part = _part_of_day(at.hour)
    if not knows_clock:
        if draw.random() < 0.08:
            # Heard of the day after, and dated then.
            at += timedelta(days=1)
        at = at.replace(hour=12, minute=0)
        if precise > 0.85:
            day_part = "unknown"
    place, is_neighbourhood = happened.place, True
    drawn = draw.random()
    if drawn < 0.16:
        place = _one_of(draw, neighbours(place))
    elif drawn < 0.28:
        place, is_neighbourhood = "MARKAZ", False
    lat = lon = None
    geo_precision = 2 if is_neighbourhood else 3
    if is_neighbourhood and place == happened.place and draw.random() < 0.35:
        off = 0.0008 if draw.random() < 0.7 else 0.004
        lat, lon = happened.lat + draw.gauss(0, off), happened.lon + draw.gauss(0, off)
        geo_precision = 1 if off < 0.001 else 2
    type_, family = happened.type, happened.family
    drawn = draw.random()
    if drawn < 0.14:
        type_ = _one_of(draw, TYPES[family][0])
    elif drawn < 0.17:
        type_, family = "OTH", "other"
    weapon = happened.weapon if draw.random() < 0.55 else "unknown"
    if weapon != "unknown" and draw.random() < 0.1:
        weapon = _one_of(draw, ("pistol", "rifle", "unknown"))

    def maybe(value: str, known: float, others: tuple[str, ...]) -> str:
        if draw.random() > known:
            return "unknown"
        return value if draw.random() < 0.9 else _one_of(draw, others)

    return Telling(
        type=type_,
        family=family,
        at=at,
        place=place,
        around="MARKAZ",
        is_neighbourhood=is_neighbourhood,
        time_precision=2 if draw.random() < 0.04 else 1,
        knows_clock=knows_clock,
        time_of_day=day_part,
        geo_precision=geo_precision,
        lat=lat,
        lon=lon,
        place_type=maybe(happened.place_type, 0.5, PLACE_TYPES),
        method=maybe(happened.method, 0.6, ("shooting", "unknown")),
        motive=maybe(happened.motive, 0.35, MOTIVES),
        weapons=frozenset() if weapon == "unknown" else frozenset({weapon}),
        killed=_number(draw, happened.killed, wrong=0.08),
        injured=_number(draw, happened.injured, wrong=0.16) if draw.random() < 0.7 else Count(),
        abducted=_number(draw, happened.abducted, wrong=0.1) if happened.abducted else Count(),
        victims=tuple(_person_told(draw, person) for person in happened.victims)
        if draw.random() < 0.45
        else (),
        marks=marks(_summary(draw, happened)),
    )


def _other_event(draw: random.Random, first: Event) -> tuple[Event, str]:
    """Another event that lies near the first one, and what kind of a near one it is."""
    made = _one_of(
        draw,
        ("retaliation", "same gang", "same street", "same days", "same hours"),
        (0.22, 0.18, 0.2, 0.25, 0.15),
    )
    hours = {
        "retaliation": lambda: draw.uniform(3, 44),
        "same gang": lambda: draw.uniform(1, 8),
        "same street": lambda: draw.uniform(4, 40),
        "same days": lambda: draw.uniform(-44, 44),
        "same hours": lambda: draw.uniform(-3, 3),
    }[made]()
    second = event(draw, like=first, at=first.at + timedelta(hours=hours))
    if made == "retaliation":
        second = replace(second, motive="retaliation", method=first.method)
    if made == "same gang":
        # The same men in the same car: method, weapon, motive and two details come again.
        second = replace(
            second,
            method=first.method,
            weapon=first.weapon,
            motive=first.motive,
            details=(*first.details[:2], *second.details[2:]),
        )
    if made == "same street":
        second = replace(
            second,
            place=first.place,
            lat=first.lat + draw.gauss(0, 0.001),
            lon=first.lon + draw.gauss(0, 0.001),
            place_type=first.place_type,
        )
    return second, made


def make_pairs(seed: int, number: int = 600) -> list[Pair]:
    """So many pairs, half of them twins, the same for the same seed.

    Every negative is one that would be compared at all; a twin is kept even where its two tellings
    lie too far apart to be compared, for that is a twin which the program misses.
    """
    draw = random.Random(seed)  # noqa: S311 - made-up data
    pairs: list[Pair] = []
    while len(pairs) < number // 2:
        happened = event(draw)
        pairs.append(Pair(telling(draw, happened), telling(draw, happened), True, "twin"))
    while len(pairs) < number:
        first = event(draw)
        second, made = _other_event(draw, first)
        one, other = telling(draw, first), telling(draw, second)
        if may_be_twins(one, other):
            pairs.append(Pair(one, other, False, made))
    return pairs
