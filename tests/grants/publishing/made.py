"""Grants as the writers get them, made without a database; each has its own numbers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from grants.publishing.levels import Measured, Office, Party, Posting, PublicGrant

MOMENT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
TODAY = MOMENT.date()
OFFICE = Office(
    ref="XI-IATI-REOBASRA",
    type="10",
    names=(("en", "Regional Embassy Office"), ("ar", "المكتب الإقليمي")),
    prefix="360G-reobasra",
    licence="https://creativecommons.org/licenses/by/4.0/",
    donor_names=(("en", "A donor"),),
    donor_type="10",
    website="https://example.org/",
)


def grant(number: int = 1, **facts: Any) -> PublicGrant:
    """A full grant: two years, dollars and dinars, something given back, results."""
    ref = f"QRF-2025-{number:04}"
    grantee = Party(f"{ref}-G", (("en", "Basra Youth & Co <1>"), ("ar", "شباب البصرة")), "24")
    postings = (
        _posting(ref, 1, "2", "3000"),
        _posting(ref, 2, "2", "-500.5"),
        _posting(ref, 3, "3", "1310500.125", "IQD", "1000.00", channel="2", receiver=grantee),
        _posting(ref, 4, "3", "-100"),
        _posting(ref, 5, "4", "250.25", channel="3"),
    )
    made = PublicGrant(
        ref=ref,
        level="FULL",
        fund="QRF-FY25",
        fund_names=(("en", "Quick response"), ("ar", "الاستجابة السريعة")),
        donor_ref="XM-DAC-7",
        titles=(("en", "A park"), ("ar", "حديقة")),
        descriptions=(("1", "ar", "مكان للشباب"),),
        status="2",
        modified=datetime(2026, 5, 1, 8, tzinfo=UTC),
        sector="15220",
        sector_names=(("en", "Peacebuilding"), ("ar", "بناء السلام")),
        kind="park",
        kind_names=(("en", "Park"), ("ar", "حديقة")),
        planned_start=date(2025, 3, 1),
        actual_start=date(2025, 3, 5),
        planned_end=date(2027, 2, 28),
        grantee=grantee,
        implementer=Party(f"{ref}-I", (("en", f"{ref}-I"),), "72"),
        district="IQG02Q02",
        district_names=(("en", "Al-Basrah"), ("ar", "البصرة")),
        site_names=(("ar", "ساحة"),),
        point=(Decimal("30.508300"), Decimal("47.783500")),
        exactness="1",
        requested=Decimal("3200.10"),
        approved=Decimal("3000.01"),
        awarded_on=date(2025, 2, 20),
        tranches=((Decimal(1000), date(2025, 4, 1)), (Decimal("2000.01"), date(2026, 12, 1))),
        postings=postings,
        results=(
            Measured("output", (("en", "Games"),), Decimal("0.00"), Decimal("10.00"), Decimal(7)),
            Measured("outcome", (("ar", "رواد"),), Decimal(0), Decimal(100), None),
        ),
    )
    return replace(made, **facts)


def _posting(ref: str, n: int, type: str, amount: str, currency: str = "USD", usd: str = "",
             **more: Any) -> Posting:  # fmt: skip
    day = date(2025, 3, 1 + n)
    return Posting(
        f"{ref}-{n}", type, day, Decimal(amount), currency, day, Decimal(usd or amount), **more
    )


def many(number: int) -> Iterator[PublicGrant]:
    return (grant(one) for one in range(1, number + 1))
