"""Files against the published schemas, lists and rules: what we write passes, what is wrong fails.

No database: the writers take grants as they are made here.
"""

import copy
import io
import json
import resource
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from grants.publishing import iati, names, problems, threesixty
from grants.publishing.checks import Finding, codes, rules
from grants.publishing.checks import iati as iati_checks
from grants.publishing.checks import threesixty as threesixty_checks
from tests.grants.publishing import made

WRITERS: dict[str, tuple[Callable[..., int], Callable[..., Any]]] = {
    "iati": (iati.write, lambda path: iati_checks.check(path, today=made.TODAY)),
    "360json": (threesixty.write, threesixty_checks.check),
    "360csv": (threesixty.write_csv, threesixty_checks.check_csv),
}


def written(path: Path, kind: str, grants: Any, **facts: Any) -> list[Finding]:
    """Write a file and say what fails in it, notes of the register left out."""
    write, check = WRITERS[kind]
    with path.open("wb") as out:
        write(grants, out, office=made.OFFICE, moment=made.MOMENT, **facts)
    return [one for one in check(path) if not one.is_note]


# --- what is written passes ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("number", [1, 50])
def test_a_file_of_grants_passes_all_of_it(tmp_path: Path, kind: str, number: int) -> None:
    assert written(tmp_path / "file", kind, made.many(number)) == []


def test_a_donor_known_by_its_reference_alone_and_none_at_all_pass(tmp_path: Path) -> None:
    unnamed = replace(made.OFFICE, donor_names=(), donor_type="")
    for office, ref in ((made.OFFICE, ""), (unnamed, "XM-DAC-7"), (unnamed, "")):
        path = tmp_path / "file"
        with path.open("wb") as out:
            grants = [made.grant(donor_ref=ref, grantee=None, point=None, site_names=())]
            iati.write(grants, out, office=office, moment=made.MOMENT)
        assert list(iati_checks.check(path, today=made.TODAY)) == []


def test_the_whole_file_passes_the_schema_as_it_would_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "file"
    written(path, "iati", made.many(3))
    iati_checks.schema().assertValid(etree.parse(path))


def slim(number: int) -> Any:
    """A grant of few words, for many of them."""
    whole = made.grant(number)
    return replace(
        whole, results=(), tranches=(), implementer=None, planned_end=None,
        postings=whole.postings[:1],
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["iati", "360json"])
def test_5000_grants_pass_with_the_memory_of_few(tmp_path: Path, kind: str) -> None:
    """Held whole, the file would take some 100 MB."""
    write, check = WRITERS[kind]
    path = tmp_path / "file"
    assert written(path, kind, made.many(50)) == []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("wb") as out:
        grants = (slim(one) for one in range(1, 5001))
        assert write(grants, out, office=made.OFFICE, moment=made.MOMENT) == 5000
    assert list(check(path)) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


@pytest.mark.parametrize("kind", WRITERS)
def test_a_draft_fails_by_itself_and_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    assert len(written(path, kind, made.many(1), draft=True, problems=3)) == 1
    text = path.read_text(encoding="utf-8").lower()
    assert "draft, not valid" in text
    assert "3 problems" in text


def test_a_text_of_signs_comes_through_as_it_is(tmp_path: Path) -> None:
    odd = '=1+1 <b> & "x" \u202eabc'
    grant = made.grant(titles=(("en", odd.replace("\u202e", "")),))
    for kind in WRITERS:
        assert written(tmp_path / "file", kind, [grant]) == []
    content = (tmp_path / "file").read_text(encoding="utf-8-sig")
    assert "'=1+1" in content


def test_a_budget_is_cut_into_years_that_sum_to_it() -> None:
    grant = made.grant(planned_start=date(2024, 2, 29), planned_end=date(2026, 12, 31))
    years = iati.budget_years(grant)
    assert sum(amount for _start, _end, amount in years) == grant.approved
    assert [start for start, _end, _amount in years] == [
        date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28),
    ]  # fmt: skip
    for (_start, end, _amount), (following, _end, _rest) in zip(years, years[1:], strict=False):
        assert following == end + timedelta(days=1)


# --- what is wrong fails: IATI ------------------------------------------------------------------


def first(path: str) -> Callable[[Any], Any]:
    return lambda root: root.find(f"iati-activity/{path}")


def attribute(path: str, name: str, value: str | None) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        element = first(path)(root)
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)

    return mutate


def removed(path: str) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        for element in root[0].findall(path):
            element.getparent().remove(element)

    return mutate


def doubled(path: str, **facts: str) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        element = first(path)(root)
        other = copy.deepcopy(element)
        for name, value in facts.items():
            other.set(name.replace("_", "-"), value)
        element.addnext(other)

    return mutate


def text(path: str, said: str) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        first(path)(root).text = said

    return mutate


def moved_last(path: str) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        element = first(path)(root)
        element.getparent().append(element)

    return mutate


def added(xml: str, before: str) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        first(before)(root).addprevious(etree.fromstring(xml))

    return mutate


def root_attribute(name: str, value: str) -> Callable[[Any], None]:
    return lambda root: root.set(name, value)


def activity_attribute(name: str, value: str | None) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        activity = root.find("iati-activity")
        if value is None:
            del activity.attrib[name]
        else:
            activity.set(name, value)

    return mutate


def both(*some: Callable[[Any], None]) -> Callable[[Any], None]:
    def mutate(root: Any) -> None:
        for one in some:
            one(root)

    return mutate


SECTOR_98 = '<sector vocabulary="98" code="x" percentage="{}"><narrative>x</narrative></sector>'
REGION = '<recipient-region code="{}" vocabulary="1"{}/>'
BROKEN: dict[str, tuple[Callable[[Any], None], str, str]] = {
    # what: (how, layer that finds it, its rule or a part of it)
    "a transaction of type 99": (
        attribute("transaction/transaction-type", "code", "99"), "codes", "TransactionType"),
    "a flow type that is none": (attribute("default-flow-type", "code", "77"), "codes", "FlowType"),
    "an unknown sector": (attribute("sector", "code", "99999"), "codes", "Sector"),
    "an unknown currency": (attribute("budget/value", "currency", "ABC"), "codes", "Currency"),
    "an unknown language": (
        attribute("title/narrative[2]", "{http://www.w3.org/XML/1998/namespace}lang", "zz"),
        "codes", "Language"),
    "a version that is none": (root_attribute("version", "9.99"), "codes", "Version"),
    "a root with a foreign attribute": (root_attribute("colour", "red"), "xsd", ""),
    "no title": (removed("title"), "xsd", ""),
    "no first day": (removed("activity-date"), "xsd", ""),
    "the title at the end": (moved_last("title"), "xsd", ""),
    "an amount in words": (text("transaction/value", "one thousand"), "xsd", ""),
    "a day that is none": (attribute("activity-date", "iso-date", "2025-02-30"), "xsd", ""),
    "an element of nobody": (added("<surprise/>", "activity-status"), "xsd", ""),
    # --- the rule set, each of its forms
    "no_more_than_one: two kinds of aid": (doubled("default-aid-type"), "rules", "107.1.2"),
    "atleast_one: an end without a beginning": (
        removed("activity-date[@type='1']") and both(
            removed("activity-date[@type='1']"), removed("activity-date[@type='2']")),
        "rules", "6.11.1"),
    "atleast_one: an empty title": (text("title/narrative[1]", "") and both(
        text("title/narrative[1]", ""), removed("title/narrative[2]")), "rules", "4.3.1"),
    "atleast_one: no sector": (removed("sector"), "rules", "6.2.2"),
    "atleast_one: an organisation of no name": (
        both(attribute("participating-org[@role='4']", "type", "24"),
             removed("participating-org[@role='4']/narrative")), "rules", "6.10.1"),
    "one_or_all: no currency": (
        both(activity_attribute("default-currency", None),
             attribute("transaction/value", "currency", None)), "rules", "7.8.1"),
    "one_or_all: no language": (
        activity_attribute("{http://www.w3.org/XML/1998/namespace}lang", None), "rules", "4.1.1"),
    "one_or_all: a sector on one posting": (
        both(removed("sector"), added('<sector code="15220" vocabulary="1"/>',
                                      "transaction/disbursement-channel")),
        "rules", "6.7.2") ,
    "date_now: changed tomorrow": (
        activity_attribute("last-updated-datetime", "2026-06-02T00:00:00Z"), "rules", "11.1.1"),
    "date_order: planned to end before it begins": (
        attribute("activity-date[@type='3']", "iso-date", "2025-02-01"), "rules", "11.1.2"),
    "date_order: began tomorrow": (
        attribute("activity-date[@type='2']", "iso-date", "2026-06-02"), "rules", "11.1.4"),
    "date_order: paid tomorrow": (
        attribute("transaction/transaction-date", "iso-date", "2026-06-02"), "rules", "11.2.1"),
    "date_order: a rate of tomorrow": (
        attribute("transaction/value", "value-date", "2026-06-02"), "rules", "11.2.2"),
    "date_order: a budget that ends before it begins": (
        attribute("budget/period-end", "iso-date", "2025-02-01"), "rules", "8.6.3"),
    "time_limit: a budget of more than a year": (
        attribute("budget/period-end", "iso-date", "2026-03-02"), "rules", "7.5.3"),
    "regex_matches: a stroke in an identifier": (
        attribute("participating-org[@role='1']", "ref", "XM/DAC"), "note", "1.8.13"),
    "no_spaces: a space after an identifier": (
        attribute("participating-org[@role='1']", "ref", "XM-DAC-7 "), "rules", "1.8.1"),
    "startswith: an identifier of somebody else": (
        text("iati-identifier", "GB-1-QRF-2025-0001"), "rules", "1.1.21"),
    "startswith: a register that is none": (
        both(attribute("reporting-org", "ref", "QQ-1"), text("iati-identifier", "QQ-1-x")),
        "note", "1.14.8"),
    "unique: the office's own identifier": (
        text("iati-identifier", made.OFFICE.ref), "rules", "1.1.3"),
    "strict_sum: sectors of 60 and 50": (
        both(attribute("sector", "percentage", "60"), doubled("sector", percentage="50")),
        "rules", "2.1.2"),
    "loop of strict_sum: another vocabulary's of 60 and 50": (
        both(added(SECTOR_98.format(60), "collaboration-type"),
             added(SECTOR_98.format(50), "collaboration-type")), "rules", "2.1.2"),
    "loop of strict_sum: countries and regions": (
        both(attribute("recipient-country", "percentage", "50"),
             added(REGION.format(589, ' percentage="40"'), "location")), "rules", "3.4.2"),
    "loop of if_then: sectors without percentages": (
        both(added(SECTOR_98.format(60).replace(' percentage="60"', ""), "collaboration-type"),
             added(SECTOR_98.format(40), "collaboration-type")), "rules", "2.1.1"),
    "loop of no_more_than_one": (
        both(doubled("default-aid-type", vocabulary="2", code="1"),
             doubled("default-aid-type", vocabulary="2", code="1")), "rules", "107.1.2"),
    "range: 120 percent": (attribute("recipient-country", "percentage", "120"), "rules", "12.1.1"),
    "if_then: one country of 90 percent": (
        attribute("recipient-country", "percentage", "90"), "rules", "3.1.4"),
    "if_then: own sectors without a narrative": (
        removed("sector[@vocabulary='99']/narrative"), "rules", "2.2.1"),
    "if_then: a value that is no number": (
        attribute("result/indicator/baseline", "value", "many"), "rules", "8.8.2"),
    "if_then: no country": (removed("recipient-country"), "rules", "3.7.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_an_iati_file_that_is_wrong_fails(tmp_path: Path, name: str) -> None:
    mutate, layer, rule = BROKEN[name]
    path = tmp_path / "file"
    assert written(path, "iati", made.many(2)) == []
    root = etree.parse(path).getroot()
    mutate(root)
    etree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    found = list(iati_checks.check(path, today=made.TODAY))
    assert [one for one in found if one.layer == layer and rule in one.rule], found
    # The second activity was left alone.
    assert {one.entry for one in found} - {""} <= {
        found[0].entry, (root.findtext("iati-activity/iati-identifier") or "").strip()
    }  # fmt: skip


def test_an_activity_that_stands_twice_fails(tmp_path: Path) -> None:
    found = written(tmp_path / "file", "iati", [made.grant(1), made.grant(1)])
    assert [(one.layer, one.rule) for one in found] == [("rules", "unique")]


@pytest.mark.parametrize("content", ["", "<iati-activities version='2.03'/>", "<iati-activities>"])
def test_a_file_that_is_empty_or_cut_fails(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    assert list(iati_checks.check(path))


def test_every_form_of_the_rule_set_is_applied_and_none_is_unknown() -> None:
    forms = {rule.form for rule in rules.standard()}
    named = {name.split(":")[0].split(" of ")[0] for name in BROKEN if "_" in name.split(":")[0]}
    named |= {"loop", "range", "unique", "startswith"}
    assert forms <= named
    assert len(rules.standard()) == 87
    with pytest.raises(ValueError, match="form"):
        rules.read({"//title": {"surprise": {"cases": [{}]}}})
    with pytest.raises(ValueError, match="not known"):
        rules.read({"//title": {"atleast_one": {"cases": [{"moon": 1}]}}})


ONE = etree.fromstring(
    "<iati-activities><iati-activity><a v='5'>x</a><a v='7'>xy</a><day on='2026-01-01'/>"
    "<day on='2026-03-01'/><mid on='2026-02-01'/></iati-activity></iati-activities>"
)[0]


@pytest.mark.parametrize(
    ("form", "case", "kept"),
    [
        # Forms that the set for organisations uses, or none at all.
        ("between_dates", {"date": "mid/@on", "start": "day[1]/@on", "end": "day[2]/@on"}, True),
        ("between_dates", {"date": "day[2]/@on", "start": "day[1]/@on", "end": "mid/@on"}, False),
        ("regex_no_matches", {"regex": "z", "paths": ["a"]}, True),
        ("regex_no_matches", {"regex": "y$", "paths": ["a"]}, False),
        ("strict_sum", {"paths": ["a/@v"], "sum": 12}, True),
        ("strict_sum", {"paths": ["a"], "sum": 12}, False),
        ("atleast_one", {"condition": "b", "paths": ["c"]}, True),
        ("atleast_one", {"condition": "a", "paths": ["c"]}, False),
    ],
)
def test_the_other_forms_keep_to_their_description(
    form: str, case: dict[str, Any], kept: bool
) -> None:
    rule = rules.read({"/iati-activities/iati-activity": {form: {"cases": [case]}}})
    assert (list(rules.check(ONE, "x", today=made.TODAY, rules=rule)) == []) is kept


def test_the_lists_are_those_that_the_mapping_names() -> None:
    assert "10" in codes.codes_of("FlowType")
    assert "99" not in codes.codes_of("TransactionType")
    # 30 is a flow type, of private finance: no list finds that it is the wrong one.
    assert "30" in codes.codes_of("FlowType")
    assert iati.FLOW == "10"


# --- what is wrong fails: 360Giving -------------------------------------------------------------


def package(**facts: Any) -> dict[str, Any]:
    out = io.BytesIO()
    threesixty.write(made.many(2), out, office=made.OFFICE, moment=made.MOMENT)
    found: dict[str, Any] = json.loads(out.getvalue())
    return {**found, **facts}


def entry(**facts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda whole: whole["grants"][0].update(facts)


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda whole: whole["grants"][0].pop(name)


def head(**facts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda whole: whole.update(facts)


PERSON = {"id": "360G-reobasra-1", "name": "x"}
BROKEN_360: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an amount as a text": entry(amountAwarded="3000"),
    "a value as a text": lambda whole: whole["grants"][0]["commitmentTransaction"][0].update(
        value="1"
    ),
    "both an organisation and an individual": entry(recipientIndividual=PERSON),
    "nobody who receives": without("recipientOrganization"),
    "no title": without("title"),
    "no day of the award": without("awardDate"),
    "no funder": without("fundingOrganization"),
    "an unknown currency": entry(currency="ABC"),
    "an unknown scope of place": entry(locationScope="Here"),
    "an unknown type of regrant": entry(regrantType="FRG999"),
    "an unknown reason of a grant to somebody": entry(
        toIndividualsDetails={"primaryGrantReason": "x"}
    ),
    "an unknown purpose in a list": entry(toIndividualsDetails={"grantPurpose": ["GTIP010", "x"]}),
    "an unknown country": lambda whole: whole["grants"][0]["beneficiaryLocation"][0].update(
        countryCode="XX"
    ),
    "a day in words": entry(awardDate="last week"),
    "a thirteenth month": entry(awardDate="2025-13-01"),
    "a moment without a zone": entry(dateModified="2026-05-01T08:00:00"),
    "an hour that is none": entry(dateModified="2026-05-01T25:00:00Z"),
    "neither yes nor no": entry(fromOpenCall="Perhaps"),
    "a duration below nothing": entry(plannedDates=[{"duration": -1}]),
    "an organisation of no name": entry(recipientOrganization=[{"id": "x"}]),
    "no organisation in the list": entry(recipientOrganization=[]),
    "a licence that is no address": head(license="ours"),
    "a version of words": head(version="draft"),
    "a publisher of no name": head(publisher={}),
    "the same grant twice": lambda whole: whole["grants"].append(whole["grants"][0]),
    "no grant": head(grants=[]),
    "a grant that is none": head(grants=["x"]),
}


@pytest.mark.parametrize("name", BROKEN_360)
def test_a_360giving_file_that_is_wrong_fails(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps(package(), indent=1))
    assert list(threesixty_checks.check(path)) == []
    whole = package()
    BROKEN_360[name](whole)
    path.write_text(json.dumps(whole))
    assert list(threesixty_checks.check(path))


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"grants":[', '{"grants":[{}]', '{"grants":[],"grants":[]}', '{"grants":[NaN]}'],
)
def test_a_package_that_is_cut_or_no_json_fails(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    assert list(threesixty_checks.check(path))


def test_a_flat_table_has_the_columns_of_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert written(path, "360csv", made.many(1)) == []
    content = path.read_text(encoding="utf-8-sig")
    for old, new in (("Award Date", "Date of it"), ("3000.01", "three"), ("GLS060", "GLS0")):
        path.write_text(content.replace(old, new, 1), encoding="utf-8-sig")
        assert list(threesixty_checks.check_csv(path)), new


def test_the_flat_table_says_what_the_package_says(tmp_path: Path) -> None:
    path = tmp_path / "file"
    written(path, "360csv", made.many(1))
    head_row, row = path.read_text(encoding="utf-8-sig").splitlines()
    (flat,) = threesixty.unflattened([row.split(",")], head_row.split(","))
    whole = package()["grants"][0]
    for name in ("commitmentTransaction", "disbursementTransaction"):
        whole.pop(name)
    assert flat == whole


def test_what_was_not_awarded_and_sums_stand_in_no_360giving_file() -> None:
    out = io.BytesIO()
    some = [made.grant(1, awarded_on=None), made.grant(2, is_sum=True), made.grant(3)]
    assert threesixty.write(some, out, office=made.OFFICE, moment=made.MOMENT) == 1


def test_a_number_that_json_would_round_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        threesixty._number(Decimal("12345678901234567.891"))


# --- in words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"planned_start": None, "actual_start": None, "planned_end": None}, "start", "dates"),
        ({"planned_start": None, "actual_start": None}, "start", "dates"),
        ({"actual_start": date(2030, 1, 1)}, "order", "dates"),
        ({"sector": "99999"}, "sector", "sector"),
        ({"titles": ()}, "text", "title"),
    ],
)
def test_what_fails_is_said_in_words_with_its_grant_and_field(
    tmp_path: Path, facts: dict[str, Any], code: str, field: str
) -> None:
    found = written(tmp_path / "file", "iati", [made.grant(1), made.grant(2, **facts)])
    told = {problems.of(one, made.OFFICE) for one in found}
    assert (code, "QRF-2025-0002", field) in {(one.code, one.ref, one.field) for one in told}
    assert {one.ref for one in told} == {"QRF-2025-0002"}


def test_a_360giving_grant_without_anybody_is_said_in_words(tmp_path: Path) -> None:
    found = written(tmp_path / "file", "360json", [made.grant(1, grantee=None, implementer=None)])
    (told,) = [problems.of(one, made.OFFICE) for one in found]
    assert (told.code, told.ref, told.field) == ("recipient", "QRF-2025-0001", "grantee")


def test_a_publisher_that_does_not_fit_is_said_to_be_the_publishers(tmp_path: Path) -> None:
    path = tmp_path / "file"
    office = replace(made.OFFICE, licence="ours")
    with path.open("wb") as out:
        threesixty.write(made.many(1), out, office=office, moment=made.MOMENT)
    (found,) = threesixty_checks.check(path)
    assert problems.of(found, office).field == "publisher"


@pytest.mark.parametrize(
    ("text", "own", "found"),
    [
        ("A park of the Basra Youth-Association!", (), True),
        ("حديقة جمعيّة شباب البصره", (), True),
        ("A park of the Basra Youth", (), False),
        ("The council of Basra", (), False),
        ("The council of Basra", ("Council",), True),
    ],
)
def test_names_are_found_as_people_write_them(text: str, own: tuple[str, ...], found: bool) -> None:
    kept_back = names.Names(["Basra Youth Association", "جمعية شباب البصرة", "Council"])
    assert kept_back.stand_in(text, own) is found
