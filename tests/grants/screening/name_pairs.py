"""Pairs of names that are one person's, and pairs that are not, made by a seeded process.

A person has a given name, a father, a grandfather and a family or tribe, all from a stock of names
of Iraq. A true pair is that name written twice, as a list and as a grant form might write it; a
false pair is the name and that of somebody near: a brother, a namesake, a son, somebody whose given
name differs by a letter.

There are two stocks that share no name: the costs and the threshold were set with `DEVELOPMENT`
names and seeds, and measured with those of `HELD_OUT`, which nobody looked at meanwhile. What the
process assumes stands in docs/screening.md.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

#: Given names: Arabic, a plain romanisation, and other spellings that are seen.
_GIVEN = {
    "development": """
        محمد muhammad mohammed mohamed mohammad mohamad
        علي ali aly
        حسين husayn hussein hussain husain
        جاسم jasim jassim qasim
        كاظم kazim kadhim kadhem kathem
        إبراهيم ibrahim ebrahim
        خالد khalid khaled
        فاطمة fatima fatimah fatema
        زينب zaynab zeinab zainab
        عبد_الرحمن abd_al-rahman abdulrahman abdurrahman abdul_rahman abdelrahman
        عبد_الله abd_allah abdullah abdallah abdulla
        عبد_الكريم abd_al-karim abdulkarim abdul_kareem abdelkrim
        نور_الدين nur_al-din nureddin noureddine nooruddin
        سعد saad sa'd
        أسامة usama osama
        ياسين yasin yassin yaseen
        رضا rida ridha reza
        ضياء diya' dhia zia
        عماد imad emad
        وليد walid waleed
        هيثم haytham haitham haithem
        طارق tariq tarek tareq
        قيس qays qais kais
        لؤي lu'ay luay louay
        مصطفى mustafa mostafa moustafa
        يوسف yusuf youssef yousif yosef
        صالح salih saleh salah
        ثامر thamir thamer samer
        شاكر shakir shaker chaker
        غازي ghazi gazi
        مهدي mahdi mehdi
        رائد ra'id raed raid
        حيدر haydar haider haidar hayder
        باسم basim bassem basem
        منتظر muntazar muntadhar montazer
        أبو_بكر abu_bakr aboubakr abubakar
        نظام nizam nidham nizaam
        حافظ hafiz hafez hafidh
        ظاهر zahir dhaher thahir
        ذياب dhiyab thiab diab
        ذنون dhannun thanoon zanoun
        فاضل fadil fadhil fazel
        رمضان ramadan ramadhan ramazan
        عبد_اللطيف abd_al-latif abdullatif abdul_latif
        عبد_الستار abd_al-sattar abdulsattar abdussattar
        عبد_الزهرة abd_al-zahra abdulzahra abduzzahra
        عبد_الغني abd_al-ghani abdulghani abdelghani
        شمس_الدين shams_al-din shamseddine shamsuddin
        بهاء_الدين baha'_al-din bahaeddine bahauddin
        جلال jalal galal djalal
        مجيد majid majeed madjid
        عاصم asim assem
        عدي uday odai udai
        عبيد ubayd obaid
        عواد awwad awad
        مؤمن mu'min moumen momin
        لقمان luqman lokman
        قحطان qahtan kahtan gahtan
        قصي qusay qusai kusay
        يعقوب ya'qub yacoub yaqoub
        إسحاق ishaq ishak
        إدريس idris edrees driss
        حذيفة hudhayfa huthaifa huzaifa
        وائل wa'il wael
        طه taha
        يحيى yahya yehia yahia
        أبو_الحسن abu_al-hasan abulhassan aboulhassan
        ذو_النون dhu_al-nun dhulnun zulnoon
        ثائر tha'ir thaer
        رؤوف ra'uf raouf
        فؤاد fu'ad fouad fuad
        داود dawud daoud dawood
    """,
    "held out": """
        أحمد ahmad ahmed ahmet
        حسن hasan hassan
        محمود mahmud mahmoud mahmood
        قاسم qasim qassem kasim gasim
        جعفر ja'far jafar jaafar djaafar
        إسماعيل isma'il ismail ismael esmail
        عمر umar omar omer
        عثمان uthman othman osman
        مريم maryam mariam meryem
        خديجة khadija khadijah khadidja
        عبد_العزيز abd_al-aziz abdulaziz abdul_aziz abdelaziz
        عبد_الرزاق abd_al-razzaq abdulrazzaq abdurrazak abdul_razak
        عبد_الأمير abd_al-amir abdulameer abdul_amir
        عبد_الحسين abd_al-husayn abdulhussein abdul_hussain
        صلاح_الدين salah_al-din saladin salahuddin salaheddine
        علاء_الدين ala'_al-din alaeddin alauddin
        سعيد sa'id saeed said
        أيمن ayman aiman eymen
        أنور anwar enver anwer
        مؤيد mu'ayyad muayad moayad
        فراس firas feras
        زياد ziyad ziad zeyad
        نبيل nabil nabeel
        جمال jamal gamal djamel
        رشيد rashid rasheed rachid
        ذو_الفقار dhu_al-fiqar dhulfiqar zulfiqar zulfikar
        ظافر zafir dhafer thafir
        هاشم hashim hashem hachem
        عقيل aqil aqeel akil
        ليث layth laith leith
        مثنى muthanna mothana muthana
        ناجي naji nagi nadji
        وسام wisam wissam wesam
        حازم hazim hazem
        بشار bashar bashshar bachar
        سنان sinan senan
        أبو_القاسم abu_al-qasim abulqasim aboulkassem
        موسى musa mousa moussa
    """,
}
#: Families and tribes, with the article.
_FAMILY = {
    "development": """
        البصري al-basri
        العبيدي al-ubaydi al-obeidi al-ubaidi
        التميمي al-tamimi at-tamimi
        الجبوري al-juburi al-jubouri al-jaburi
        الساعدي al-sa'idi al-saadi al-saedi as-saidi
        الزبيدي al-zubaydi al-zubaidi az-zubaidi
        الدليمي al-dulaymi al-dulaimi ad-dulaimi
        الخفاجي al-khafaji al-khafagi
        الكعبي al-ka'bi al-kaabi
        العامري al-amiri al-ameri
        الموسوي al-musawi al-mousawi al-moussawi
        الشمري al-shammari ash-shammari al-shamari
        البياتي al-bayati al-bayyati
        الركابي al-rikabi al-rekabi ar-rikabi
        المالكي al-maliki al-malki
        الحلفي al-halfi al-helfi
        القرغولي al-qaraghuli al-karaghouli
        الحديثي al-hadithi al-hadeethi
        العقابي al-uqabi al-okabi
        الظالمي al-zalimi al-dhalimi
        الشويلي al-shuwayli al-shuwaili
        السوداني al-sudani al-soudani
        القريشي al-qurayshi al-quraishi al-koreishi
        الجزائري al-jaza'iri al-jazaeri
    """,
    "held out": """
        العيساوي al-issawi al-isawi al-eesawi
        الأسدي al-asadi al-assadi
        الحسناوي al-hasnawi al-hasnawy
        الربيعي al-rubay'i al-rubaie al-rubaiee
        الجنابي al-janabi al-janaby
        الغزي al-ghizzi al-ghazi al-ghezzi
        القيسي al-qaysi al-qaisi al-kaisi
        العزاوي al-azzawi al-azawi
        السامرائي al-samarra'i al-samarrai as-samarrai
        الشطري al-shatri ash-shatri
        الفياض al-fayyad al-fayad
        الطائي al-ta'i al-taie at-taie
        الياسري al-yasiri al-yaseri
        الوائلي al-wa'ili al-waeli al-waily
        النعيمي al-nu'aymi al-nuaimi an-naimi
        الهاشمي al-hashimi al-hashemi al-hachimi
        المظفر al-muzaffar al-mudhaffar al-mozaffar
        الدراجي al-darraji al-daraji ad-daraji
    """,
}
#: Other people's names that a letter or two tell apart, by what they are near to.
_NEAR = {
    "development": """
        محمد محمود mahmud | علي علاء ala' | حسين حسن hasan | جاسم باسم basim | خالد خليل khalil
        سعد سعيد sa'id | وليد خالد khalid | عبد_الرحمن عبد_الرحيم abd_al-rahim | صالح صلاح salah
        عبد_الكريم عبد_الحكيم abd_al-hakim | طارق صادق sadiq | شاكر شكري shukri | رائد رعد ra'd
        حيدر حمزة hamza | مهدي هادي hadi | غازي فوزي fawzi | نور_الدين شمس_الدين shams_al-din
        مصطفى مرتضى murtada | يوسف يونس yunus | ياسين ياسر yasir | إبراهيم أبرار abrar
        هيثم هشام hisham | عماد عمار ammar | كاظم كامل kamil | رضا راضي radi | زينب زهراء zahra'
    """,
    "held out": """
        أحمد حامد hamid | حسن حسين husayn | محمود حمود hammud | قاسم هاشم hashim | عمر عامر amir
        سعيد سعود su'ud | فراس فارس faris | زياد زيد zayd | نبيل نبهان nabhan | جمال جميل jamil
        رشيد راشد rashid | عقيل عادل adil | ليث غيث ghayth | حازم حاتم hatim | بشار بشير bashir
        عبد_العزيز عبد_العظيم abd_al-azim | عبد_الرزاق عبد_الخالق abd_al-khaliq | موسى عيسى isa
        صلاح_الدين سيف_الدين sayf_al-din | ناجي ناصر nasir | أنور أمين amin | وسام وسيم wasim
        هاشم هشام hisham | سنان سلمان salman | عثمان عدنان adnan | مريم مروة marwa
    """,
}
#: What each way of romanising makes of a plain one; each is used whole.
_WAYS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("ay", "ai"), ("aw", "au")),
    (("ay", "ei"), ("u", "o")),
    (("i(?=[^aeiou]$)", "ee"), ("u(?=[^aeiou]$)", "oo"), ("ay", "ai")),
    (("sh", "ch"), ("u", "ou"), ("(?<![dh])j", "dj"), ("w", "ou"), ("ay", "ei")),
    (("q", "k"), ("i(?=[^aeiou]$)", "e"), ("dh", "d")),
    (("th", "s"), ("dh", "z"), ("a(?=[^aeiou]$)", "e")),
    (("j", "g"), ("q", "k"), ("u", "o")),
    (("q", "g"), ("z", "dh"), ("ay", "ey")),
)


@dataclass(frozen=True)
class Word:
    """A name of the stock: Arabic, and romanised by whoever; an underscore parts written words."""

    arabic: str
    latin: tuple[str, ...]


@dataclass(frozen=True)
class NamePair:
    """Two written names, whether they are one person's, and how the pair came about."""

    one: str
    other: str
    is_same: bool
    made: str


@dataclass(frozen=True)
class _Person:
    given: Word
    father: Word
    grandfather: Word
    family: Word


class _Stock:
    """The names of one half."""

    def __init__(self, half: str) -> None:
        self.given = [_word(line) for line in _GIVEN[half].split("\n") if line.strip()]
        self.family = [_word(line) for line in _FAMILY[half].split("\n") if line.strip()]
        by_arabic = {word.arabic: word for word in self.given}
        self.near: list[tuple[Word, Word]] = []
        for said in re.split(r"\||\n", _NEAR[half]):
            if said.strip():
                first, arabic, latin = said.split()
                self.near.append((by_arabic[first], Word(arabic, (latin,))))


def _word(line: str) -> Word:
    arabic, *latin = line.split()
    return Word(arabic, tuple(latin))


def make_pairs(half: str, seed: int, pairs: int) -> list[NamePair]:
    """So many pairs of a half, as many true as false, in turn; the same for the same seed."""
    stock, rng = _Stock(half), random.Random(seed)
    makers = list(_FALSE)
    found = []
    for number in range(pairs):
        person = _person(stock, rng)
        if number % 2 == 0:
            found.append(_true(person, rng))
        else:
            found.append(_false(stock, person, makers[number // 2 % len(makers)], rng))
    return found


def _person(stock: _Stock, rng: random.Random) -> _Person:
    given, father, grandfather = rng.sample(stock.given, 3)
    return _Person(given, father, grandfather, rng.choice(stock.family))


# --- writing -------------------------------------------------------------------------------------


def _true(person: _Person, rng: random.Random) -> NamePair:
    """The name twice; what was done to it is `made`."""
    whole = [person.given, person.father, person.grandfather, person.family]
    kept, made = list(whole), []
    missing = rng.random()
    if missing < 0.30:
        kept, _ = [person.given, person.father, person.family], made.append("no grandfather")
    elif missing < 0.42:
        kept, _ = [person.given, person.grandfather, person.family], made.append("no father")
    elif missing < 0.52:
        kept, _ = [person.given, person.family], made.append("neither")
    elif missing < 0.60:
        kept, _ = [person.given, person.father, person.grandfather], made.append("no family")
    if rng.random() < 0.2:
        kept = [kept[-1], *kept[:-1]]
        made.append("family first")
    scripts = rng.choices(["latin latin", "latin arabic", "arabic arabic"], [40, 45, 15])[0]
    one_script, other_script = scripts.split()
    one = _write(whole, one_script, rng)
    other = _write(kept, other_script, rng)
    if rng.random() < 0.08:
        other = _slip(other, rng)
        made.append("slip")
    if rng.random() < 0.5:
        one, other = other, one
    return NamePair(one, other, True, ", ".join([scripts, *made]))


def _write(words: list[Word], script: str, rng: random.Random) -> str:
    if script == "arabic":
        written = [_arabic(word.arabic, rng) for word in words]
        if rng.random() < 0.12 and len(written) > 2:
            written.insert(1, "بن")
        if rng.random() < 0.08:
            written.insert(0, rng.choice(["الشيخ", "الحاج", "السيد"]))
        return " ".join(written)
    way = rng.choice(_WAYS)
    written = [_latin(word, way, rng) for word in words]
    if rng.random() < 0.12 and len(written) > 2:
        written.insert(1, rng.choice(["bin", "ibn", "ben"]))
    if rng.random() < 0.08:
        written.insert(0, rng.choice(["Sheikh", "Haji", "Sayyid", "Dr."]))
    said = " ".join(written)
    return said.upper() if rng.random() < 0.35 else said


def _arabic(word: str, rng: random.Random) -> str:
    """As people type: hamza or not, heh or teh marbuta, the parts of a name together or apart."""
    word = word.replace("_", "" if rng.random() < 0.3 else " ")
    if rng.random() < 0.5:
        word = word.translate(str.maketrans("أإآ", "ااا"))
    if rng.random() < 0.2:
        word = word.replace("ئ", "ي").replace("ؤ", "و")
    if rng.random() < 0.4:
        word = re.sub("ة$", "ه", word)
    if rng.random() < 0.3:
        word = re.sub("ي$", "ى", word) if word.endswith("ي") else re.sub("ى$", "ي", word)
    if word.startswith("ال") and rng.random() < 0.12:
        word = word[2:]
    return word


def _latin(word: Word, way: tuple[tuple[str, str], ...], rng: random.Random) -> str:
    """As somebody romanises: a spelling that is seen, or a plain one by a way of theirs."""
    if len(word.latin) > 1 and rng.random() < 0.5:
        said = rng.choice(word.latin[1:])
    else:
        said = word.latin[0]
        article = re.match(r"a[a-z]{1,2}-(?=.)", said)
        front, body = (article[0], said[article.end() :]) if article else ("", said)
        for pattern, to in way:
            body = re.sub(pattern, to, body)
        said = front + body
    said = said.replace("_", " ")
    if re.match(r"a[a-z]{1,2}-", said):
        front, body = said.split("-", 1)
        told = rng.random()
        if told < 0.2:
            said = body
        elif told < 0.4:
            said = f"{front} {body}"
        elif told < 0.6:
            said = f"{front}{body}"
        elif told < 0.7:
            said = f"el-{body}"
    if rng.random() < 0.5:
        said = said.replace("'", "")
    doubled = rng.random()
    if doubled < 0.08:
        said = re.sub(r"([bdfklmnrst])\1", r"\1", said)
    elif doubled < 0.16:
        said = re.sub(r"(?<=[aeiou])([bdfklmnrst])(?=[aeiou])", r"\1\1", said, count=1)
    return "-".join(part.capitalize() for part in said.split("-"))


def _slip(said: str, rng: random.Random) -> str:
    """One letter lost, or two exchanged, inside the longest word."""
    longest = max(said.split(), key=len)
    at = rng.randrange(1, len(longest) - 1)
    if rng.random() < 0.5:
        other = longest[:at] + longest[at + 1 :]
    else:
        other = longest[:at] + longest[at + 1] + longest[at] + longest[at + 2 :]
    return said.replace(longest, other, 1)


# --- somebody else -------------------------------------------------------------------------------


def _another(words: list[Word], person: _Person, rng: random.Random) -> Word:
    taken = {person.given, person.father, person.grandfather, person.family}
    return rng.choice([word for word in words if word not in taken])


def _brother(stock: _Stock, person: _Person, rng: random.Random) -> list[Word]:
    return [_another(stock.given, person, rng), person.father, person.grandfather, person.family]


def _namesake(stock: _Stock, person: _Person, rng: random.Random) -> list[Word]:
    other = _another(stock.given, person, rng)
    return [person.given, person.father, other, _another(stock.family, person, rng)]


def _kinsman(stock: _Stock, person: _Person, rng: random.Random) -> list[Word]:
    first, second = rng.sample([word for word in stock.given if word != person.given], 2)
    return [person.given, first, second, person.family]


def _son(stock: _Stock, person: _Person, rng: random.Random) -> list[Word]:
    return [_another(stock.given, person, rng), person.given, person.father, person.family]


def _by_a_letter(stock: _Stock, person: _Person, rng: random.Random) -> list[Word]:
    # Filled in by `_false`, which gives the person a name that has a near one.
    near = dict(stock.near)[person.given]
    return [near, _another(stock.given, person, rng), person.grandfather, person.family]


def _stranger(stock: _Stock, person: _Person, rng: random.Random) -> list[Word]:
    others = rng.sample([word for word in stock.given if word != person.given], 2)
    return [person.given, *others, _another(stock.family, person, rng)]


_FALSE = {
    "brother": _brother,
    "namesake of the same father": _namesake,
    "namesake of the same family": _kinsman,
    "son": _son,
    "given name near, another father": _by_a_letter,
    "given name only": _stranger,
}


def _false(stock: _Stock, person: _Person, made: str, rng: random.Random) -> NamePair:
    if made == "given name near, another father":
        given, _near = rng.choice(stock.near)
        father, grandfather = rng.sample([word for word in stock.given if word != given], 2)
        person = _Person(given, father, grandfather, person.family)
    other = _FALSE[made](stock, person, rng)
    whole = [person.given, person.father, person.grandfather, person.family]
    # One in three leaves the grandfather out, as the true ones do.
    if rng.random() < 0.33:
        whole = [person.given, person.father, person.family]
    scripts = rng.choices(["latin latin", "latin arabic", "arabic arabic"], [40, 45, 15])[0]
    one_script, other_script = scripts.split()
    one, two = _write(whole, one_script, rng), _write(other, other_script, rng)
    return NamePair(one, two, False, made)
