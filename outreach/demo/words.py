"""Everything in words that the made-up cases hold. Nobody is meant; every text is labelled.

Names are put together from short lists. Telephone numbers begin with 0700, which no network of Iraq
uses. Families, tribes and parties do not exist.
"""

from __future__ import annotations

import random

#: Stands in every sealed text of the demonstration.
LABEL_EN, LABEL_AR = "(made up)", "(بيانات تجريبية)"

_GIVEN = (
    "حيدر", "سجاد", "كرار", "علي", "حسين", "مصطفى", "أحمد", "يوسف", "مهدي", "عباس", "قاسم", "جعفر",
    "ماجد", "رائد", "سامر", "وسام", "زيد", "عمر", "ياسر", "نبيل", "فراس", "حسن", "طارق", "بشار",
)  # fmt: skip
_WOMEN = ("زينب", "مريم", "نور", "هدى", "رغد", "سارة")
#: No families: words for the weather and the garden.
_LAST = (
    "السرابي", "السحابي", "الغيمي", "النخلاوي", "الريحاني", "البرقي", "الضبابي", "القمري",
    "الندى", "الزنبقي", "الياسمين", "النسيمي",
)  # fmt: skip
_NICKS = (
    "أبو سيف", "الصقر", "أبو كاظم الصغير", "الدرّاجة", "القبطان", "أبو الليل", "العصفور", "النجّار",
    "السمّاك", "أبو شهاب", "الطويل", "الحارس", "الملّاح", "أبو مطر", "الخيّاط", "الرسّام",
)  # fmt: skip
_NICKS_EN = (
    "Falcon", "Little Abu Sayf", "the Captain", "Motorbike", "Abu Layl", "Sparrow Hawk",
    "Carpenter", "the Fisher", "Abu Shihab", "Longlegs", "Goalkeeper",
    "the Sailor", "Abu Matar", "Tailor",
)  # fmt: skip
_STREETS = ("شارع الزنبق", "شارع النخيل", "زقاق القمر", "شارع النسيم", "محلة السراب")
#: Tribes, families and parties that are none.
TRIBES = ("بنو السراب", "آل غيمة", "البو ضباب", "بنو النسيم", "آل برق", "البو ندى")
FAMILIES = ("بيت الزنبق", "Beit al-Qamar", "بيت الريحان", "Beit Yasmin")
GROUPS = ("حزب المثال", "Example Brigade", "سرايا المثال")

EVIDENCE = (
    ("violence", "He told of it himself. {en}"),
    ("armed_group", "يعرفه الجيران بذلك {ar}"),
    ("weapon", "Seen twice with a pistol. {en}"),
    ("street_activity", "سمعناه من صاحب محل قريب {ar}"),
)
STRENGTHS = (
    "A good footballer; the younger ones listen to him. {en}",
    "يحب أمه ويسمع كلام عمه {ar}",
    "Knows engines, worked in a garage. {en}",
    "له أصدقاء خارج الجماعة {ar}",
)
GOALS = (
    ("income", "Begin at the garage, three days a week. {en}"),
    ("papers", "إصدار البطاقة الوطنية {ar}"),
    ("education", "Evening course in welding. {en}"),
    ("debt", "الجلوس مع صاحب الدين بحضور وجيه {ar}"),
    ("mental", "See the counsellor twice a month. {en}"),
    ("own_group", "ترك السهر مع الجماعة {ar}"),
    ("tribe", "Speak with his uncle before the next council. {en}"),
)
REVIEWS = ("Two steps of four are going well. {en}", "تأخر لكنه مستمر {ar}")
PROVIDERS = (
    ("income", "Training workshop by the river, ask for the foreman. {en}"),
    ("papers", "مكتب المستمسكات، الموظف الثاني {ar}"),
    ("health", "Clinic of the demonstration, mornings. {en}"),
    ("mental", "مركز الإرشاد التجريبي {ar}"),
    ("legal", "Legal aid of the demonstration. {en}"),
    ("education", "معهد المثال المسائي {ar}"),
)
NOTES = (
    ("progress", "Came to work four days of five; proud of it. {en}"),
    ("family", "الأب يريد أن يتكلم معنا وحده {ar}"),
    ("safety", "Do not meet at the corner shop this week. {en}"),
    ("legal", "موعد المحكمة تأجل أسبوعين {ar}"),
    ("other", "Asked for books about ships. {en}"),
)
AMENDMENTS = ("It was the other brother. {en}", "اتصل الأب اليوم واعتذر {ar}")
CONTACTS = (
    "Talked about work; calm. {en}",
    "تحدثنا عن الخلاف مع الجيران {ar}",
    "Wanted to go to his cousins tonight, stayed. {en}",
    "كان متعبا، اتفقنا على يوم الأحد {ar}",
    "His mother made tea; all well. {en}",
)
ALARMS = (
    "He spoke of paying it back this week. Told the supervisor. {en}",
    "وصلته رسالة تهديد {ar}",
)
REASONS = {
    "exception": "Fifteen next month, and his brother carries for the group. {en}",
    "transfer": "الحالة أقرب إلى منطقتك {ar}",
    "returned": "Which of these comes first? {en}",
    "intake_returned": "متى كانت آخر مقابلة؟ {ar}",
}
CONFLICT_NOTES = (
    "It began over a wall between two gardens. {en}",
    "دين قديم ثم كلام على الإنترنت {ar}",
    "One of the cousins was shot at; nobody says by whom. {en}",
    "خلاف على حصة ماء {ar}",
)
SESSION_NOTES = (
    "Both sat down with the elder between them. {en}",
    "رفض أحدهم الجلوس أولا ثم حضر {ar}",
    "They agreed to keep the young ones away from the bridge. {en}",
)
FOLLOW_UP_NOTES = ("All quiet, the shops are open. {en}", "توتر قرب المدرسة {ar}")
GUARANTORS = ("الشيخ المثال", "Hajji Example")
TERMS = "Half now, half after the harvest; the two young men stay away for a year. {en}"
CLOSE_EARLY = "Both families moved away; nobody is left to look after. {en}"
WAIVER = "We are cousins of the fourth degree and both sides asked for me. {en}"
BREACH = "أُطلقت عيارات في الهواء، واعتذر الشيخ {ar}"
DECISIONS = (
    "Visit with him on Thursday, together. {en}",
    "راجع خطته معه قبل نهاية الأسبوع {ar}",
    "Ask the clinic why nobody answered. {en}",
)
COMMENT = "A full week. Two cases need more home visits. {en}"
EVENT_NOTES = ("Thirty chairs, more people. {en}", "حضر مختار المحلة {ar}")


def told(text: str) -> str:
    """A text with its label."""
    return text.format(en=LABEL_EN, ar=LABEL_AR)


def marked(text: str) -> str:
    """A name with the label in its own language."""
    is_arabic = any("\u0600" <= letter <= "\u06ff" for letter in text)
    return f"{text} {LABEL_AR if is_arabic else LABEL_EN}"


class Persons:
    """Names without end, none twice: given name, father's, grandfather's, and no family."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.used: set[str] = set()
        self.numbers = 0

    def identity(self, *, is_woman: bool) -> dict[str, str]:
        """What a case seals of a person."""
        name = ""
        while not name or name in self.used:
            first = self.dice.choice(_WOMEN if is_woman else _GIVEN)
            father, grandfather = self.dice.sample(_GIVEN, 2)
            name = f"{first} {father} {grandfather} {self.dice.choice(_LAST)}"
        self.used.add(name)
        self.numbers += 1
        nick = self.dice.choice(_NICKS if self.dice.random() < 0.6 else _NICKS_EN)
        found = {"name": marked(name), "alias": marked(f"{nick} {self.numbers}")}
        if self.dice.random() < 0.85:
            found["phone"] = f"0700 000 {self.numbers:04}"
        if self.dice.random() < 0.6:
            found["address"] = marked(f"{self.dice.choice(_STREETS)} {self.dice.randint(1, 90)}")
        if self.dice.random() < 0.5:
            found["family"] = marked(f"أخو {self.dice.choice(_GIVEN)}")
        if self.dice.random() < 0.5:
            found["tribe"] = marked(self.dice.choice(TRIBES))
        return found
