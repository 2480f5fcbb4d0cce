"""What the made-up process knows of each kind of incident: how often, how bad, by what means.

The numbers are plausible for a large city in a bad year and follow no real series.
"""

from __future__ import annotations

from dataclasses import dataclass

Weights = dict[str, float]

#: Begins every made-up summary, in both languages.
LABEL_EN = "Made-up record of the demonstration."
LABEL_AR = "سجل مُختلَق لأغراض العرض التجريبي."


@dataclass(frozen=True)
class Kind:
    """One incident type. `rate`: mean number a week in Basrah Centre, halfway through."""

    code: str
    rate: float
    en: str
    ar: str
    #: Weights of 0, 1, 2 … killed and injured.
    killed: tuple[float, ...] = (1.0,)
    injured: tuple[float, ...] = (1.0,)
    abducted: tuple[float, ...] = (1.0,)
    methods: Weights | None = None
    weapons: Weights | None = None
    motives: Weights | None = None
    #: Harm of the one victim who is neither killed, injured nor abducted.
    harm: str = ""
    #: How likely it draws another one near by within two weeks.
    draws: float = 0.0


SHOOTING: Weights = {"shooting": 0.55, "drive_by": 0.25, "silenced": 0.1, "unknown": 0.1}
GUNS: Weights = {
    "pistol": 0.35,
    "rifle": 0.4,
    "silenced": 0.08,
    "machine_gun": 0.05,
    "unknown": 0.12,
}
MIXED: Weights = {
    "criminal": 0.24,
    "tribal": 0.2,
    "political": 0.1,
    "militia": 0.1,
    "retaliation": 0.12,
    "personal": 0.1,
    "unknown": 0.14,
}
MONEY: Weights = {"criminal": 0.45, "extortion": 0.35, "smuggling": 0.1, "unknown": 0.1}

KINDS: tuple[Kind, ...] = (
    Kind(
        "MUR",
        5.0,
        "A man was killed in {place}{time}.",
        "قُتل رجل في {place}{time}.",
        killed=(0, 0.88, 0.1, 0.02),
        injured=(0.8, 0.15, 0.05),
        methods={**SHOOTING, "stabbing": 0.15},
        weapons={**GUNS, "knife": 0.15},
        motives=MIXED,
        draws=0.16,
    ),
    Kind(
        "ASN",
        0.8,
        "A person in office was shot dead in {place}{time}.",
        "اغتيل شخص ذو منصب في {place}{time}.",
        killed=(0, 0.93, 0.07),
        injured=(0.8, 0.2),
        methods={"drive_by": 0.45, "silenced": 0.35, "shooting": 0.2},
        weapons={"pistol": 0.4, "silenced": 0.4, "rifle": 0.2},
        motives={"political": 0.55, "militia": 0.25, "unknown": 0.2},
        draws=0.12,
    ),
    Kind(
        "BDY",
        0.7,
        "A body was found in {place}{time}.",
        "عُثر على جثة في {place}{time}.",
        killed=(0, 0.95, 0.05),
        methods={"unknown": 0.6, "shooting": 0.3, "strangling": 0.1},
    ),
    Kind(
        "ATM",
        3.0,
        "A man was wounded by gunfire in {place}{time}.",
        "أُصيب رجل بإطلاق نار في {place}{time}.",
        injured=(0, 0.82, 0.14, 0.04),
        methods=SHOOTING,
        weapons=GUNS,
        motives=MIXED,
        draws=0.16,
    ),
    Kind(
        "SHT",
        3.4,
        "Shots were fired in {place}{time}; nobody was hurt.",
        "أُطلقت عيارات نارية في {place}{time} دون إصابات.",
        methods=SHOOTING,
        weapons=GUNS,
        motives=MIXED,
        draws=0.12,
    ),
    Kind(
        "CLS",
        0.5,
        "Two armed groups clashed in {place}{time}.",
        "اشتبكت مجموعتان مسلحتان في {place}{time}.",
        killed=(0.45, 0.3, 0.15, 0.1),
        injured=(0.3, 0.3, 0.2, 0.1, 0.1),
        methods={"shooting": 1.0},
        weapons={"rifle": 0.5, "machine_gun": 0.35, "rpg": 0.15},
        motives={"militia": 0.5, "tribal": 0.3, "smuggling": 0.2},
    ),
    Kind(
        "GRN",
        0.6,
        "A hand grenade was thrown at a house in {place}{time}.",
        "رُميت رمانة يدوية على بيت في {place}{time}.",
        injured=(0.75, 0.2, 0.05),
        methods={"explosion": 1.0},
        weapons={"grenade": 1.0},
        motives={"tribal": 0.4, "extortion": 0.3, "personal": 0.3},
    ),
    Kind(
        "IED",
        0.7,
        "A small bomb went off in {place}{time}.",
        "انفجرت عبوة صغيرة في {place}{time}.",
        killed=(0.85, 0.13, 0.02),
        injured=(0.6, 0.25, 0.15),
        methods={"explosion": 1.0},
        weapons={"ied": 0.6, "sticky": 0.4},
        motives={"political": 0.4, "extortion": 0.4, "unknown": 0.2},
    ),
    Kind(
        "IDF",
        0.12,
        "A rocket fell near {place}{time}.",
        "سقط صاروخ قرب {place}{time}.",
        injured=(0.9, 0.1),
        methods={"explosion": 1.0},
        weapons={"mortar": 1.0},
        motives={"militia": 0.6, "unknown": 0.4},
    ),
    Kind(
        "DKA",
        1.7,
        "Gunmen shot at a house in {place}{time} as a tribal warning.",
        "دكة عشائرية على بيت في {place}{time}.",
        injured=(0.93, 0.07),
        methods={"shooting": 1.0},
        weapons={"rifle": 0.6, "machine_gun": 0.4},
        motives={"tribal": 0.85, "retaliation": 0.15},
        draws=0.12,
    ),
    Kind(
        "TRB",
        1.5,
        "Two clans fought in {place}{time}.",
        "وقع نزاع عشائري في {place}{time}.",
        killed=(0.8, 0.15, 0.05),
        injured=(0.4, 0.3, 0.2, 0.1),
        methods={"shooting": 0.8, "beating": 0.2},
        weapons={"rifle": 0.6, "machine_gun": 0.3, "blunt": 0.1},
        motives={"tribal": 0.7, "land_water": 0.2, "retaliation": 0.1},
        draws=0.2,
    ),
    Kind(
        "KID",
        1.2,
        "A person was taken away by gunmen in {place}{time}.",
        "خُطف شخص في {place}{time}.",
        abducted=(0, 0.9, 0.1),
        motives={"criminal": 0.6, "tribal": 0.2, "political": 0.2},
    ),
    Kind(
        "DET",
        0.3,
        "A young man was arrested in {place}{time} without a warrant.",
        "اعتُقل شاب في {place}{time} دون أمر قضائي.",
        abducted=(0, 0.8, 0.2),
    ),
    Kind(
        "THR",
        5.0,
        "A threat was delivered to a family in {place}{time}.",
        "وصل تهديد إلى عائلة في {place}{time}.",
        methods={"letter": 0.35, "phone": 0.4, "online": 0.2, "other": 0.05},
        motives={"extortion": 0.25, "moral": 0.15, **MIXED},
        harm="threatened",
    ),
    Kind(
        "EXT",
        1.2,
        "A shopkeeper in {place} was asked for protection money{time}.",
        "طُلبت إتاوة من صاحب محل في {place}{time}.",
        methods={"phone": 0.6, "letter": 0.2, "other": 0.2},
        motives=MONEY,
        harm="threatened",
    ),
    Kind(
        "DSP",
        0.25,
        "A family left its house in {place} after threats{time}.",
        "تركت عائلة بيتها في {place} بعد تهديدات{time}.",
        motives={"tribal": 0.6, "sectarian": 0.2, "unknown": 0.2},
        harm="displaced",
    ),
    Kind(
        "ASL",
        1.9,
        "A man was beaten in {place}{time}.",
        "تعرض رجل للضرب في {place}{time}.",
        injured=(0.35, 0.6, 0.05),
        methods={"beating": 0.9, "stabbing": 0.1},
        weapons={"hands": 0.6, "blunt": 0.3, "knife": 0.1},
        motives={"personal": 0.6, "criminal": 0.2, "unknown": 0.2},
    ),
    Kind(
        "TOR",
        0.15,
        "A man released in {place}{time} bore marks of ill-treatment.",
        "أُفرج عن رجل في {place}{time} وعليه آثار سوء معاملة.",
        injured=(0, 1.0),
        harm="tortured",
    ),
    Kind(
        "HON",
        0.3,
        "A woman was attacked in {place}{time} over her conduct.",
        "اعتُدي على امرأة في {place}{time} بدافع الشرف.",
        killed=(0.6, 0.4),
        injured=(0.6, 0.4),
        motives={"family": 0.6, "moral": 0.4},
    ),
    Kind(
        "PRT",
        0.2,
        "Demonstrators were hurt in {place}{time}.",
        "أُصيب متظاهرون في {place}{time}.",
        injured=(0.2, 0.3, 0.3, 0.2),
        motives={"labour": 1.0},
    ),
    Kind("SXV", 0.15, "An assault in {place}{time}.", "اعتداء في {place}{time}.", harm="sexual"),
    Kind(
        "ROB",
        1.5,
        "A driver was robbed at gunpoint in {place}{time}.",
        "سُلب سائق بقوة السلاح في {place}{time}.",
        injured=(0.92, 0.08),
        weapons=GUNS,
        motives={"criminal": 1.0},
        harm="property",
    ),
    Kind(
        "DMG",
        0.6,
        "A shop was set on fire in {place}{time}.",
        "أُحرق محل في {place}{time}.",
        methods={"burning": 1.0},
        motives=MONEY,
        harm="property",
    ),
    Kind("OTH", 0.1, "An unusual event in {place}{time}.", "حادث غير معتاد في {place}{time}."),
)
BY_CODE = {kind.code: kind for kind in KINDS}

TIMES_EN = {
    "dawn": " at dawn",
    "morning": " in the morning",
    "afternoon": " in the afternoon",
    "evening": " in the evening",
    "night": " at night",
    "unknown": "",
}
TIMES_AR = {
    "dawn": " فجراً",
    "morning": " صباحاً",
    "afternoon": " عصراً",
    "evening": " مساءً",
    "night": " ليلاً",
    "unknown": "",
}
#: Hours of the bands, and how much of the violence falls into each; at Ramadan later.
HOURS = {
    "dawn": (3, 6),
    "morning": (7, 11),
    "afternoon": (12, 16),
    "evening": (17, 20),
    "night": (21, 23),
}
BANDS: Weights = {"dawn": 0.07, "morning": 0.18, "afternoon": 0.2, "evening": 0.3, "night": 0.25}
BANDS_RAMADAN: Weights = {
    "dawn": 0.12,
    "morning": 0.08,
    "afternoon": 0.12,
    "evening": 0.28,
    "night": 0.4,
}

SOURCES: Weights = {
    "street": 0.22,
    "family": 0.2,
    "police": 0.16,
    "hospital": 0.1,
    "notable": 0.09,
    "media": 0.08,
    "social": 0.07,
    "staff": 0.04,
    "cleric": 0.02,
    "ngo": 0.02,
}
RELIABILITY: Weights = {"A": 0.07, "B": 0.4, "C": 0.3, "D": 0.08, "F": 0.15}
CREDIBILITY: Weights = {"1": 0.1, "2": 0.42, "3": 0.3, "4": 0.06, "6": 0.12}
PLACE_TYPES: Weights = {
    "street": 0.36,
    "home": 0.24,
    "market": 0.09,
    "workplace": 0.07,
    "vehicle": 0.07,
    "government": 0.02,
    "school": 0.02,
    "checkpoint": 0.02,
    "farm": 0.03,
    "port_oil": 0.02,
    "unknown": 0.06,
}
ACTORS: Weights = {
    "unknown": 0.42,
    "criminal": 0.2,
    "tribal": 0.18,
    "party_militia": 0.08,
    "family": 0.05,
    "lone": 0.07,
}
AGES: Weights = {
    "18-24": 0.24,
    "25-34": 0.3,
    "35-49": 0.2,
    "50-64": 0.08,
    "65+": 0.02,
    "12-17": 0.02,
    "0-11": 0.01,
    "unknown": 0.13,
}
ROLES: Weights = {
    "unknown": 0.5,
    "workman": 0.12,
    "trader": 0.1,
    "police": 0.05,
    "student": 0.05,
    "official": 0.04,
    "farmer": 0.04,
    "health": 0.02,
    "teacher": 0.02,
    "journalist": 0.01,
    "cleric": 0.01,
    "barber": 0.01,
    "other": 0.03,
}
