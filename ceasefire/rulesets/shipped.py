"""The rules as shipped, in force for every site until it makes its own.

Eligibility "CV-7": the seven criteria of Cure Violence with the wording for Basrah and the
threshold of 4 from the program's domain description (b.3); contact standard and caseload bands from
its rules O4 and O5. The wording may be edited in a new version; these rows stay as they are.
"""

from datetime import date
from typing import Any

#: Before any record of the program.
SINCE = date(2003, 1, 1)

CV_7: dict[str, Any] = {
    "name": "CV-7",
    "threshold": 4,
    "rescreen_days": 90,
    "criteria": [
        {
            "code": "age",
            "en": "Between 15 and 29 years old",
            "ar": "عمره بين 15 و29 سنة",
        },
        {
            "code": "armed_group",
            "en": "Member of a militia, of a party's armed wing, of tribal fighters or of a"
            " criminal gang",
            "ar": "منتمٍ إلى ميليشيا أو جناح مسلح لحزب أو مقاتلي عشيرة أو عصابة إجرامية",
        },
        {
            "code": "violence",
            "en": "Took part in killings, kidnappings, clashes or raids",
            "ar": "شارك في قتل أو خطف أو اشتباكات أو مداهمات",
        },
        {
            "code": "released",
            "en": "Released from Iraqi or coalition detention in the last 12 months",
            "ar": "أُطلق سراحه من توقيف عراقي أو لدى التحالف خلال آخر 12 شهرا",
        },
        {
            "code": "street_activity",
            "en": "Smuggling, protection money, trade in drugs or weapons, looting",
            "ar": "تهريب أو إتاوات أو تجارة مخدرات أو سلاح أو نهب",
        },
        {
            "code": "recent_victim",
            "en": "Shot, attacked or kidnapped in the last 90 days, or next of kin to somebody"
            " who was",
            "ar": "أُصيب بإطلاق نار أو هوجم أو خُطف خلال آخر 90 يوما، أو أحد أقاربه كذلك",
        },
        {
            "code": "weapon",
            "en": "Carries a weapon outside the home",
            "ar": "يحمل سلاحا خارج البيت",
        },
    ],
}

CONTACT_STANDARD: dict[str, Any] = {
    "weekly_contacts": 3,
    "weekly_face_to_face": 1,
    "monthly_home_visits": 2,
    "at_risk_days": 14,
    "review_days": 30,
}

CASELOAD_BAND: dict[str, Any] = {
    "least": 12,
    "target_from": 15,
    "target_to": 20,
    "hard_cap": 25,
}

SHIPPED: dict[str, dict[str, Any]] = {
    "eligibility": CV_7,
    "contact_standard": CONTACT_STANDARD,
    "caseload_band": CASELOAD_BAND,
}


def load(model: Any) -> None:
    """Write the shipped rules where they are not there yet; `model` is Ruleset, also a past one."""
    for kind, content in SHIPPED.items():
        model.objects.get_or_create(
            kind=kind, site=None, version=1, defaults={"content": content, "valid_from": SINCE}
        )
