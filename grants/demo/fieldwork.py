"""Payroll lists and planned visits of the demonstration, as they stand today.

One list is certified, one is being made and has signs to look at: a name and a phone of the other
list on the same days, more days than there are. Every name ends by saying that it is made up.
"""

from datetime import date, timedelta
from decimal import Decimal

from grants.demo.office import Office
from grants.models import Grant, PaymentRequest, PayrollFlag, PlannedVisit
from grants.services import monitoring, payroll
from grants.services.payroll import Worker

MADE_UP = "(بيانات تجريبية)"
#: Families that do not exist, and numbers of a network that does not.
NAMES = (
    ("كرار عبد الزهرة الرمّاني", "0700 555 0101"),
    ("حيدر جبار القصبي", "0700 555 0102"),
    ("سجاد مهدي الطرفاوي", "0700 555 0103"),
    ("منتظر كاظم الرمّاني", ""),
    ("عباس نعمة البرحي", "0700 555 0105"),
    ("ضرغام صبيح الخضراوي", "0700 555 0106"),
)
DAILY = Decimal(25000)
DAYS = 60


def fill(office: Office, *, paid: Grant, running: Grant) -> None:
    """A draft of the last days of the certified list of another grant, and two planned visits."""
    last = paid.payroll_lists.get().period_to
    draft = payroll.begin_list(
        running,
        period_from=last - timedelta(days=6),
        period_to=last,
        currency="IQD",
        control_total=DAILY * 19,
        by=office.officer,
    )
    payroll.add_rows(
        draft,
        [
            Worker(f"{NAMES[0][0]} {MADE_UP}", "5", str(DAILY), "0700 555 0111"),
            Worker(f"ليث سلمان النخيلي {MADE_UP}", "6", str(DAILY), NAMES[1][1]),
            Worker(f"أمير فاضل الشطي {MADE_UP}", "8", str(DAILY)),
        ],
        by=office.officer,
    )
    for grant, days in ((running, -6), (paid, 12)):
        PlannedVisit.objects.create(
            grant=grant,
            kind="routine",
            due_on=office.now.date() + timedelta(days=days),
            planned_by=office.who(office.officer),
        )
    monitoring.escalate_findings(on=office.now.date())


def certified(office: Office, payment: PaymentRequest, last: date) -> None:
    """A certified list of the days up to `last` for wages that somebody asked for."""
    done = payroll.begin_list(
        payment.grant,
        period_from=last - timedelta(days=DAYS - 1),
        period_to=last,
        currency=payment.currency,
        control_total=payment.amount,
        payment=payment,
        by=office.officer,
    )
    # Sixty days at the daily pay each, and ten days for what is left of the payment.
    whole = min(len(NAMES) - 1, int((payment.amount - 1) // (DAILY * DAYS)))
    rows = [
        Worker(f"{name} {MADE_UP}", str(DAYS), str(DAILY), phone, "thumb", f"{number:02}" * 32)
        for number, (name, phone) in enumerate(NAMES[:whole], start=1)
    ]
    left = payment.amount - DAILY * DAYS * whole
    name, phone = NAMES[-1]
    rows.append(Worker(f"{name} {MADE_UP}", "10", str(left / 10), phone, "thumb", "09" * 32))
    payroll.add_rows(done, rows, by=office.officer)
    signs = list(payroll.live_flags(done))
    if signs:
        payroll.decide_signs(
            done,
            signs,
            verdict=PayrollFlag.Verdict.FINE,
            reason="brothers, both seen at work / أخوان، شوهدا في العمل",
            by=office.certifier,
        )
    payroll.certify_list(done, by=office.certifier)
