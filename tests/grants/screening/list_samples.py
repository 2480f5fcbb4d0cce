"""Small list files in the formats of the real ones, with people and groups nobody has ever met.

Formats: OFAC's data specification (dat_spec.txt, 2023), its sdn.xml, the UN's consolidated.xml.
"""

from __future__ import annotations

from datetime import date

from grants.screening.entries import Entry, EntryType, ListFile, Name, Quality

PUBLISHED = date(2026, 11, 2)
TODAY = date(2026, 11, 20)

SDN_CSV = (
    b'36,"BLUE HERON SHIPPING CO.",-0- ,"TESTLAND",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    b'9001,"AL-MARSOUMI, Qais Latif","individual","SDGT] [IRAQ2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    b'-0- ,"DOB 28 Jul 1963; alt. DOB 1965 to 1967; POB Basrah, Iraq; alt. POB Amarah, Iraq; '
    b"nationality Iraq; a.k.a. 'ABU NAWFAL'; a.k.a. 'THE O'WL'.\"\r\n"
    b'9002,"GULF STAR","vessel","TESTLAND",-0- ,"ABCD1",Tanker,12000,-0- ,Panama,-0- ,-0- \r\n'
    b"\x1a"
)
ALT_CSV = (
    b'9001,501,"aka","AL-MARSUMI, Qays Abd-al-Latif",-0- \r\n'
    b'9001,502,"fka","QAYS THE TALL",-0- \r\n'
    b'36,503,"aka","HERON LINES",-0- \r\n'
    b"\x1a"
)

_SDN_ENTRIES = """
  <sdnEntry>
    <uid>9001</uid><firstName>Qais Latif</firstName><lastName>AL-MARSOUMI</lastName>
    <sdnType>Individual</sdnType>
    <programList><program>SDGT</program><program>IRAQ2</program></programList>
    <akaList>
      <aka><uid>501</uid><type>a.k.a.</type><category>strong</category>
        <lastName>AL-MARSUMI</lastName><firstName>Qays Abd-al-Latif</firstName></aka>
      <aka><uid>504</uid><type>a.k.a.</type><category>weak</category>
        <lastName>ABU NAWFAL</lastName></aka>
    </akaList>
    <dateOfBirthList>
      <dateOfBirthItem><uid>1</uid><dateOfBirth>28 Jul 1963</dateOfBirth></dateOfBirthItem>
      <dateOfBirthItem><uid>2</uid><dateOfBirth>circa 1965</dateOfBirth></dateOfBirthItem>
    </dateOfBirthList>
    <placeOfBirthList>
      <placeOfBirthItem><uid>3</uid><placeOfBirth>Basrah, Iraq</placeOfBirth></placeOfBirthItem>
    </placeOfBirthList>
  </sdnEntry>
  <sdnEntry>
    <uid>36</uid><lastName>BLUE HERON SHIPPING CO.</lastName><sdnType>Entity</sdnType>
    <programList><program>TESTLAND</program></programList>
  </sdnEntry>
"""
NEW_NAMESPACE = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"


def ofac_xml(
    entries: str = _SDN_ENTRIES,
    *,
    namespace: str = NEW_NAMESPACE,
    published: str = "11/02/2026",
    count: str = "2",
    head: str = '<?xml version="1.0" standalone="yes"?>',
) -> bytes:
    """An sdn.xml."""
    said = f"<Publish_Date>{published}</Publish_Date>" if published else ""
    said += f"<Record_Count>{count}</Record_Count>" if count else ""
    return (
        f'{head}\n<sdnList xmlns="{namespace}">'
        f"<publshInformation>{said}</publshInformation>{entries}</sdnList>"
    ).encode()


_UN_PERSON = """
    <INDIVIDUAL>
      <DATAID>6900001</DATAID><VERSIONNUM>1</VERSIONNUM>
      <FIRST_NAME>QAYS</FIRST_NAME><SECOND_NAME>LATIF</SECOND_NAME>
      <THIRD_NAME>AL-MARSUMI</THIRD_NAME>
      <UN_LIST_TYPE>Iraq</UN_LIST_TYPE><REFERENCE_NUMBER>TEi.001</REFERENCE_NUMBER>
      <NAME_ORIGINAL_SCRIPT>قيس لطيف المرسومي</NAME_ORIGINAL_SCRIPT>
      <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY>
        <ALIAS_NAME>Abu Nawfal (أبو نوفل)</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY>
        <ALIAS_NAME>Qais (the tall)</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE>
        <FROM_YEAR>1963</FROM_YEAR><TO_YEAR>1965</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE>
        <DATE>1970-01-31</DATE></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_PLACE_OF_BIRTH><CITY>Basra</CITY><COUNTRY>Iraq</COUNTRY>
      </INDIVIDUAL_PLACE_OF_BIRTH>
      <INDIVIDUAL_DOCUMENT/><SORT_KEY/>
    </INDIVIDUAL>
"""
_UN_GROUP = """
    <ENTITY>
      <DATAID>6900002</DATAID><FIRST_NAME>BLUE HERON GROUP</FIRST_NAME>
      <UN_LIST_TYPE>Iraq</UN_LIST_TYPE>
      <ENTITY_ALIAS><QUALITY>a.k.a.</QUALITY><ALIAS_NAME>Heron Lines</ALIAS_NAME></ENTITY_ALIAS>
      <ENTITY_ADDRESS><COUNTRY>Iraq</COUNTRY></ENTITY_ADDRESS>
    </ENTITY>
"""


def un_xml(
    people: str = _UN_PERSON,
    groups: str = _UN_GROUP,
    *,
    dated: str = "2026-11-02T23:00:04.811Z",
    head: str = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
) -> bytes:
    """A consolidated.xml."""
    said = f' dateGenerated="{dated}"' if dated else ""
    return (
        f'{head}\n<CONSOLIDATED_LIST xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{said}>'
        f"<INDIVIDUALS>{people}</INDIVIDUALS><ENTITIES>{groups}</ENTITIES></CONSOLIDATED_LIST>"
    ).encode()


def made_list(*names: str, name: str = "Made up", dated: date = PUBLISHED) -> ListFile:
    """A list of one person for each name, numbered from 1; "one | other" has aliases."""
    entries = []
    for number, said in enumerate(names, start=1):
        primary, *aliases = (one.strip() for one in said.split("|"))
        entries.append(
            Entry(
                id=str(number),
                type=EntryType.INDIVIDUAL,
                names=(
                    Name(primary, Quality.PRIMARY),
                    *(Name(alias, Quality.GOOD) for alias in aliases),
                ),
            )
        )
    return ListFile(name, "made-up", dated, "0" * 64, tuple(entries))
