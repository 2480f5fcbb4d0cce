"""List files: what is read of the real formats, and what is refused by which name."""

import hashlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grants.screening import listfiles
from grants.screening.entries import EntryType, ListFile, Name, Quality
from grants.screening.listfiles import read_ofac_csv, read_ofac_xml, read_un_xml
from grants.screening.problems import (
    BadDate,
    BadEncoding,
    BadRow,
    DeclaresEntities,
    DifferentDate,
    EmptyList,
    FromTheFuture,
    ListRefused,
    MissingDate,
    NotWellFormed,
    OtherFormat,
    StrangeAlias,
    TooLarge,
    TwiceTheSame,
    WrongCount,
)
from tests.grants.screening.list_samples import (
    ALT_CSV,
    NEW_NAMESPACE,
    PUBLISHED,
    SDN_CSV,
    TODAY,
    ofac_xml,
    un_xml,
)


def read_csv(sdn: bytes = SDN_CSV, alt: bytes = ALT_CSV, published: date | None = PUBLISHED):
    return read_ofac_csv(sdn, alt, published=published, today=TODAY)


class TestOfacCsv:
    def test_entries_with_aliases_of_both_files_and_of_the_remarks(self):
        read = read_csv()
        group, person, ship = read.entries
        assert (read.name, read.format, read.dated) == ("OFAC SDN", "ofac-csv", PUBLISHED)
        assert read.sha256 == hashlib.sha256(SDN_CSV + ALT_CSV).hexdigest()
        assert [one.type for one in read.entries] == [
            EntryType.ORGANISATION,
            EntryType.INDIVIDUAL,
            EntryType.VESSEL,
        ]
        # The family name stands first in the file and last in the name that is compared.
        assert person.names == (
            Name("Qais Latif AL-MARSOUMI", Quality.PRIMARY),
            Name("Qays Abd-al-Latif AL-MARSUMI", Quality.GOOD),
            Name("QAYS THE TALL", Quality.GOOD),
            Name("ABU NAWFAL", Quality.LOW),
            Name("THE O'WL", Quality.LOW),
        )
        assert group.names[1].text == "HERON LINES"
        assert read.names == 8

    def test_every_year_and_place_of_birth_that_the_list_thinks_possible(self):
        person = read_csv().entries[1]
        assert person.birth_years == (1963, 1965, 1966, 1967)
        assert person.places == ("Basrah, Iraq", "Amarah, Iraq")
        assert person.programs == ("SDGT", "IRAQ2")

    @pytest.mark.parametrize(
        ("sdn", "alt", "refusal"),
        [
            (SDN_CSV, ALT_CSV.replace(b"9001,501", b"77,501"), StrangeAlias),
            (SDN_CSV.replace(b"9002", b"9001"), ALT_CSV, TwiceTheSame),
            (SDN_CSV.replace(b"9002", b"nine"), ALT_CSV, BadRow),
            (SDN_CSV.replace(b'"GULF STAR"', b"-0- "), ALT_CSV, BadRow),
            (SDN_CSV.replace(b'"vessel"', b'"planet"'), ALT_CSV, BadRow),
            (SDN_CSV.replace(b",-0- ,-0- \r\n9001", b",-0- \r\n9001"), ALT_CSV, OtherFormat),
            (ALT_CSV, ALT_CSV, OtherFormat),
            (SDN_CSV, SDN_CSV, OtherFormat),
            (ofac_xml(), ALT_CSV, OtherFormat),
            (SDN_CSV.replace(b"HERON", b"H\xc9RON"), ALT_CSV, BadEncoding),
            (SDN_CSV.decode().encode("utf-16"), ALT_CSV, BadEncoding),
            (SDN_CSV.replace(b"HERON", b"H\x00RON"), ALT_CSV, BadEncoding),
            (b"", b"", EmptyList),
            (b"\x1a", b"\x1a", EmptyList),
            (SDN_CSV.replace(b"HERON", b"H" * 501), ALT_CSV, TooLarge),
            (SDN_CSV[: SDN_CSV.index(b"; POB")], b"", OtherFormat),
        ],
    )
    def test_a_bad_file_is_refused_by_name(self, sdn, alt, refusal):
        with pytest.raises(refusal) as refused:
            read_csv(sdn, alt)
        assert type(refused.value) is refusal

    def test_a_field_too_long_for_any_table_is_another_format(self):
        with pytest.raises(OtherFormat):
            read_csv(b'1,"' + b"x" * 200_000 + b'"', b"")

    def test_the_day_must_be_given_and_have_come(self):
        with pytest.raises(MissingDate):
            read_csv(published=None)
        with pytest.raises(FromTheFuture):
            read_csv(published=date(2026, 11, 21))
        assert read_csv(published=TODAY).dated == TODAY

    def test_no_half_of_a_list_is_ever_returned(self, monkeypatch):
        monkeypatch.setattr(listfiles, "MOST_ENTRIES", 2)
        with pytest.raises(TooLarge):
            read_csv()
        monkeypatch.setattr(listfiles, "MOST_ENTRIES", 3)
        assert len(read_csv().entries) == 3


class TestOfacXml:
    @pytest.mark.parametrize("namespace", ["http://tempuri.org/sdnList.xsd", NEW_NAMESPACE])
    def test_entries_in_either_namespace(self, namespace):
        content = ofac_xml(namespace=namespace)
        read = read_ofac_xml(content, today=TODAY)
        assert (read.name, read.dated) == ("OFAC SDN", PUBLISHED)
        assert read.sha256 == hashlib.sha256(content).hexdigest()
        person, group = read.entries
        assert person.names == (
            Name("Qais Latif AL-MARSOUMI", Quality.PRIMARY),
            Name("Qays Abd-al-Latif AL-MARSUMI", Quality.GOOD),
            Name("ABU NAWFAL", Quality.LOW),
        )
        assert person.birth_years == (1963, 1965)
        assert person.places == ("Basrah, Iraq",)
        assert person.programs == ("SDGT", "IRAQ2")
        assert group.type is EntryType.ORGANISATION

    @pytest.mark.parametrize(
        ("content", "refusal"),
        [
            (ofac_xml(count="3"), WrongCount),
            (ofac_xml(count="many"), WrongCount),
            (ofac_xml(published=""), MissingDate),
            (ofac_xml(published="2026-11-02"), BadDate),
            (ofac_xml(published="13/13/2026"), BadDate),
            (ofac_xml(published="12/01/2026"), FromTheFuture),
            (ofac_xml(entries="", count="0"), EmptyList),
            (ofac_xml().replace(b"<uid>36</uid>", b"<uid>9001</uid>"), TwiceTheSame),
            (ofac_xml().replace(b"<uid>36</uid>", b""), BadRow),
            (ofac_xml().replace(b"Entity<", b"Planet<"), BadRow),
            (ofac_xml()[:-12], NotWellFormed),
            (ofac_xml()[: len(ofac_xml()) // 2], NotWellFormed),
            (b"", OtherFormat),
            (SDN_CSV, OtherFormat),
            (un_xml(), OtherFormat),
            (ofac_xml().replace(b"sdnList", b"Sanctions"), OtherFormat),
            (ofac_xml().decode().encode("utf-16"), BadEncoding),
            (ofac_xml(head='<?xml version="1.0" encoding="ISO-8859-1"?>'), BadEncoding),
            (ofac_xml().replace(b"HERON", b"H\xc9RON"), BadEncoding),
            (ofac_xml(entries="<a>" * 20 + "</a>" * 20), TooLarge),
        ],
    )
    def test_a_bad_file_is_refused_by_name(self, content, refusal):
        with pytest.raises(refusal) as refused:
            read_ofac_xml(content, today=TODAY)
        assert type(refused.value) is refusal

    def test_a_day_that_differs_from_the_files_own_is_refused(self):
        assert read_ofac_xml(ofac_xml(), published=PUBLISHED, today=TODAY).dated == PUBLISHED
        with pytest.raises(DifferentDate):
            read_ofac_xml(ofac_xml(), published=date(2026, 11, 3), today=TODAY)


class TestUnXml:
    def test_names_in_both_scripts_and_what_is_known_of_the_birth(self):
        read = read_un_xml(un_xml(), today=TODAY)
        person, group = read.entries
        assert (read.name, read.dated) == ("UN Security Council", PUBLISHED)
        assert person.names == (
            Name("QAYS LATIF AL-MARSUMI", Quality.PRIMARY),
            Name("قيس لطيف المرسومي", Quality.GOOD),
            Name("Abu Nawfal", Quality.GOOD),
            Name("أبو نوفل", Quality.GOOD),
            Name("Qais", Quality.LOW),
        )
        assert person.birth_years == (1963, 1964, 1965, 1970)
        assert person.places == ("Basra, Iraq",)
        assert person.programs == ("Iraq",)
        assert group.type is EntryType.ORGANISATION
        assert [name.text for name in group.names] == ["BLUE HERON GROUP", "Heron Lines"]

    def test_marks_that_reorder_a_name_are_taken_out(self):
        content = un_xml().replace("لطيف".encode(), "\u202eلطيف\u202c".encode())
        assert read_un_xml(content, today=TODAY).entries[0].names[1].text == "قيس لطيف المرسومي"

    @pytest.mark.parametrize(
        ("content", "refusal"),
        [
            (un_xml(dated=""), MissingDate),
            (un_xml(dated="yesterday"), BadDate),
            (un_xml(dated="2026-12-01T00:00:00Z"), FromTheFuture),
            (un_xml("", ""), EmptyList),
            (un_xml().replace(b"6900002", b"6900001"), TwiceTheSame),
            (un_xml().replace(b"6900002", b"x"), BadRow),
            (un_xml().replace(b"BLUE HERON GROUP", b" "), BadRow),
            (un_xml()[:-30], NotWellFormed),
            (ofac_xml(), OtherFormat),
        ],
    )
    def test_a_bad_file_is_refused_by_name(self, content, refusal):
        with pytest.raises(refusal) as refused:
            read_un_xml(content, today=TODAY)
        assert type(refused.value) is refusal


def laughs(levels: int = 12) -> str:
    """Ten of ten of ten: a text of terabytes, if anybody believed it."""
    said = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, levels))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{said}]>'


class TestHostileXml:
    @pytest.mark.parametrize("read", [read_ofac_xml, read_un_xml])
    @pytest.mark.parametrize("build", [ofac_xml, un_xml])
    def test_entities_are_never_unfolded(self, read, build):
        head = f'<?xml version="1.0"?>{laughs()}'
        content = build(head=head).replace(b"HERON", b"&l11;")
        with pytest.raises(DeclaresEntities):
            read(content, today=TODAY)

    def test_a_file_elsewhere_is_never_read(self, tmp_path):
        secret = tmp_path / "secret.txt"
        secret.write_text("hidden words")
        head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY out SYSTEM "{secret.as_uri()}">]>'
        with pytest.raises(DeclaresEntities) as refused:
            read_un_xml(un_xml(head=head).replace(b"HERON", b"&out;"), today=TODAY)
        assert "hidden" not in str(refused.value)

    def test_an_empty_declaration_is_one_too(self):
        head = '<?xml version="1.0"?><!DOCTYPE CONSOLIDATED_LIST SYSTEM "http://example.org/x.dtd">'
        with pytest.raises(DeclaresEntities):
            read_un_xml(un_xml(head=head), today=TODAY)

    def test_a_file_too_large_is_not_looked_at(self, monkeypatch):
        monkeypatch.setattr(listfiles, "LARGEST", 100)
        for read in (read_ofac_xml, read_un_xml):
            with pytest.raises(TooLarge):
                read(b"<" * 101, today=TODAY)
        with pytest.raises(TooLarge):
            read_csv()

    def test_nobody_has_so_many_names(self, monkeypatch):
        monkeypatch.setattr(listfiles, "MOST_NAMES", 3)
        with pytest.raises(TooLarge):
            read_un_xml(un_xml(), today=TODAY)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), which=st.sampled_from(["csv", "ofac", "un"]))
def test_a_damaged_file_gives_a_list_or_a_named_error(data, which):
    """A few bytes changed, lost or added anywhere: nothing else than a refusal comes out."""
    content = {"csv": SDN_CSV, "ofac": ofac_xml(), "un": un_xml()}[which]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        lost = data.draw(st.integers(0, 30))
        content = content[:at] + data.draw(st.binary(max_size=6)) + content[at + lost :]
    try:
        if which == "csv":
            read = read_csv(content, b"")
        else:
            read = (read_ofac_xml if which == "ofac" else read_un_xml)(content, today=TODAY)
    except ListRefused as error:
        refused = error
    else:
        assert isinstance(read, ListFile)
        assert all(entry.names and entry.names[0].text for entry in read.entries)
        return
    assert type(refused) is not ListRefused
    assert str(refused)
