"""The words of a summary that tell one event from another, in both scripts.

Two reporters rarely use one language, let alone one sentence. So a summary becomes a set of marks:
its words, cut to a stem, without those that nearly every summary holds; and, for common things of a
street (a white car, a market, a motorcycle), one mark for the Arabic and the English word.
"""

import re
from functools import lru_cache

from ceasefire.text import search_key

#: A stem is so many letters at most: endings, and slips of the pen late in a word, fall away.
STEM = 5
#: More words than this of one summary are not looked at.
MOST_WORDS = 120
_ARABIC = re.compile(r"[\u0600-\u06ff]")
#: The article with what is written to it, and little words that are written to a word.
_ARTICLES = ("وال", "بال", "كال", "فال", "لل", "ال")
_LITTLE = ("و", "ب", "ل")

#: One mark for the words of both languages; the marks begin with a sign no word has.
_THINGS: dict[str, str] = {
    "car": "car cars taxi vehicle sedan saloon سياره سيارات تكسي مركبه",
    "pickup": "pickup truck lorry بيكب بيكاب شاحنه",
    "motorcycle": "motorcycle motorcycles motorbike bike دراجه دراجات",
    "minibus": "bus minibus kia حافله باص كيا",
    "white": "white بيضاء ابيض",
    "black": "black سوداء اسود",
    "red": "red حمراء احمر",
    "market": "market souk bazaar سوق اسواق",
    "shop": "shop store kiosk محل دكان متجر كشك",
    "mosque": "mosque husseiniya جامع مسجد حسينيه",
    "church": "church كنيسه",
    "school": "school مدرسه مدارس",
    "university": "university college جامعه كليه",
    "hospital": "hospital clinic morgue مستشفي عياده طب",
    "checkpoint": "checkpoint سيطره حاجز",
    "bridge": "bridge جسر",
    "river": "river canal shatt نهر شط قناه",
    "farm": "farm orchard palm مزرعه بستان نخيل",
    "garage": "garage workshop كراج ورشه",
    "cafe": "cafe coffee teahouse مقهي كافيه",
    "barber": "barber hairdresser حلاق حلاقه",
    "bakery": "bakery baker مخبز فرن خباز",
    "pharmacy": "pharmacy pharmacist صيدليه صيدلي",
    "petrol": "petrol fuel station وقود بنزين محطه",
    "port": "port harbour dock ميناء رصيف",
    "office": "office headquarters مكتب مقر",
    "police": "police policeman officer شرطه شرطي ضابط",
    "army": "army soldier soldiers جيش جندي جنود",
    "teacher": "teacher professor معلم مدرس استاذ",
    "doctor": "doctor physician nurse طبيب دكتور ممرض",
    "lawyer": "lawyer judge محامي محام قاضي قاض",
    "cleric": "cleric imam sheikh sayyid شيخ امام سيد رجل دين",
    "official": "official councillor mayor مسؤول عضو مجلس مدير",
    "driver": "driver سائق",
    "guard": "guard guards حارس حراس",
    "student": "student pupil طالب طالبه",
    "woman": "woman women girl امراه نساء فتاه",
    "child": "child boy children طفل اطفال صبي",
    "brother": "brother brothers cousin اخ اخوه شقيق ابن عم",
    "father": "father اب والد",
    "wedding": "wedding عرس زفاف",
    "funeral": "funeral mourning عزاء فاتحه جنازه",
    "land": "land plot ارض قطعه",
    "water": "water ماء مياه",
    "debt": "debt money دين مال مبلغ",
    "oil": "oil pipeline نفط انبوب",
    "letter": "letter envelope note رساله ظرف ورقه",
    "phone": "phone call mobile هاتف اتصال موبايل",
    "knife": "knife blade سكين",
    "pistol": "pistol handgun مسدس",
    "rifle": "rifle kalashnikov ak بندقيه كلاشنكوف",
    "silenced": "silenced silencer كاتم",
    "grenade": "grenade رمانه قنبله",
    "mask": "masked mask hooded ملثم ملثمون ملثمين",
    "uniform": "uniform uniforms زي بزه",
    "night": "midnight منتصف",
    "head": "head راس",
    "chest": "chest صدر",
    "leg": "leg legs ساق ساقه قدم",
}
#: What nearly every summary holds, so that it tells nothing.
_COMMON = """
a an the and or of in at on to by for from with near after before about was were is are be been had
has have it its this that his her their they he she who which not no nobody one two three four some
several man men people person killed dead died shot shots fire fired gunfire wounded injured hurt
attack attacked armed gunmen unknown place today yesterday evening morning afternoon made up record
demonstration around front side out into when then there
في من الي علي عن مع قرب بعد قبل امام عند كان كانت هو هي هذا هذه ذلك الذي التي ان انه لم لا ما تم
قد او ثم بين رجل رجال شخص اشخاص قتل قتله مقتل اصيب اصابه جرح اطلاق نار رصاص اطلقت عيارات ناريه هجوم
مسلح مسلحون مسلحين مجهول مجهولون مجهولين مساء صباح ظهر ليل اليوم امس احد واحد اثنان سجل مختلق لاغراض
العرض التجريبي عرض تجريبي داخل خارج حي منطقه شارع street area quarter neighbourhood district
"""


def _forms(word: str) -> list[str]:
    """A word, and an Arabic one also without its article and the little words written to it."""
    forms = [word]
    if _ARABIC.match(word):
        for prefix in (*_ARTICLES, *_LITTLE):
            if word.startswith(prefix) and len(word) - len(prefix) >= 3:
                forms.append(word[len(prefix) :])
    return forms


_COMMON_WORDS = frozenset(search_key(word) for word in _COMMON.split())
_MARK_OF = {
    search_key(word): f"={mark}" for mark, words in _THINGS.items() for word in words.split()
}


@lru_cache(maxsize=2048)
def marks(summary: str) -> frozenset[str]:
    """The marks of a summary: `=thing` for what both languages name, stems for the other words."""
    found = set()
    for word in search_key(summary).split()[:MOST_WORDS]:
        forms = _forms(word)
        mark = next((_MARK_OF[form] for form in forms if form in _MARK_OF), None)
        if mark is not None:
            found.add(mark)
        elif not _COMMON_WORDS.intersection(forms):
            # The article goes for good; a first letter may be the word's own.
            bare = forms[1] if len(forms) > 1 and word.startswith(_ARTICLES) else word
            if len(bare) > 2:
                found.add(bare[:STEM])
    return frozenset(found)


def comparable(one: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The marks that could have been shared: of one script, or of things named in both.

    An Arabic and an English text share no stem whatever they say; only their things compare.
    """
    scripts = [
        {bool(_ARABIC.match(mark)) for mark in marks_ if not mark.startswith("=")}
        for marks_ in (one, other)
    ]
    shared = scripts[0] & scripts[1]

    def kept(given: frozenset[str]) -> frozenset[str]:
        return frozenset(
            mark for mark in given if mark.startswith("=") or bool(_ARABIC.match(mark)) in shared
        )

    return kept(one), kept(other)
