"""What each kind of background work does, in words. The code stands beside it, for exactness.

A test reads the register of kinds and fails when one is not here.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORK: dict[str, str | Promise] = {
    "accounts.clear_expired": _("Clears ended sessions and old links"),
    "attachments.expire": _("Erases photos that were removed"),
    "grants.check_ledger": _("Checks the ledger"),
    "grants.expire_papers": _("Clears unfinished uploads and old packs"),
    "grants.make_pack": _("Makes an audit pack"),
    "grants.make_published_file": _("Makes a file for publishing"),
    "grants.read_list": _("Reads a list of names for vetting"),
    "grants.report": _("Makes a grant report"),
    "grants.screen": _("Compares names with the lists"),
    "grants.watch": _("Plans visits and tells of what is late in grants"),
    "incidents.bulk_action": _("Carries out an action on many incidents"),
    "incidents.bulk_undo": _("Takes an action on many incidents back"),
    "incidents.read_workbook": _("Reads a long workbook before it is imported"),
    "incidents.check_batch": _("Looks through a table before it is imported"),
    "incidents.escalate_responses": _("Tells of responses that nobody has or that are late"),
    "incidents.expire_import_files": _("Clears files of imports and exports after a day"),
    "incidents.export_file": _("Makes a file of incidents"),
    "incidents.fold_rollups": _("Keeps the counts of incidents"),
    "incidents.import_batch": _("Imports a table"),
    "incidents.pair_import": _("Looks for likely twins of an import"),
    "incidents.undo_import": _("Takes an import back"),
    "incidents.verify_rollups": _("Checks the counts of incidents"),
    "jobs.heartbeat": _("Shows that background work runs"),
    "outreach.erase_identity": _("Erases an identity whose time is over"),
    "outreach.raise_shift_alarms": _("Tells of who did not come back in time"),
    "outreach.remind_of_casework": _("Gives the tasks of the day in casework"),
    "outreach.remind_of_conflicts": _("Gives the tasks of the day in conflicts"),
    "outreach.remind_of_daily_logs": _("Asks for signatures that daily logs lack"),
    "outreach.sweep_withdrawn": _("Erases what was withdrawn"),
    "reports.announce": _("Writes the mails about a report"),
    "reports.clear_outgoing": _("Clears old mails and packs"),
    "reports.compile_week": _("Compiles a weekly report"),
    "reports.join_week": _("Marks that a week's reports are in"),
    "reports.make_evaluators_pack": _("Makes an evaluator's pack"),
    "reports.send_mail": _("Sends a mail"),
    "worklist.clear_old": _("Clears old notices and tasks"),
    "worklist.escalate_tasks": _("Passes overdue tasks up"),
}


def in_words(kind: str) -> str:
    """What a kind of work does; "" for one that is no longer in the code."""
    return str(WORK.get(kind, ""))
