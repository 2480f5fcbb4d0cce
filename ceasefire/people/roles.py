"""The one table role -> permissions. Views, templates and services read it; nothing else decides.

Source: design of the program (roles and wall). A permission says that a role may use a verb at all;
on which rows is `visible_to`, and under which conditions is the service's transition table.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    INTERRUPTER = "interrupter", _("Violence interrupter")
    WORKER = "worker", _("Outreach worker")
    SUPERVISOR = "supervisor", _("Supervisor")
    MANAGER = "manager", _("Program manager")
    DATA_OFFICER = "data", _("Data officer")
    REO_STAFF = "reo_staff", _("REO grants staff")
    REO_VIEWER = "reo_viewer", _("REO viewer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Duty(models.TextChoices):
    """What a member of REO staff is entrusted with; any set the grant constraints allow."""

    REQUESTER = "requester", _("Requester")
    REVIEWER = "reviewer", _("Technical reviewer")
    VETTING = "vetting", _("Vetting officer")
    APPROVER = "approver", _("Approver")
    OFFICER = "officer", _("Grants officer")
    CERTIFIER = "certifier", _("Certifier")
    PAYER = "payer", _("Payer")
    MONITOR = "monitor", _("Monitor")
    CLOSEOUT = "closeout", _("Closeout officer")


#: Under the REO database role: no right on any table but those a migration opens.
REO_ROLES = frozenset({Role.REO_STAFF, Role.REO_VIEWER})
#: Short idle time-out: their phones are lost, searched and shared.
FIELD_ROLES = frozenset({Role.INTERRUPTER, Role.WORKER})
#: Work for every site, present and future.
ALL_SITE_ROLES = frozenset({Role.AUDITOR, Role.ADMINISTRATOR, *REO_ROLES})

#: A point on the map, where the place is known so well; the areas go with reading.
_INCIDENT_READING = {
    "incidents.view_incident",
    "incidents.view_point",
    "attachments.view_attachment",
    # By a token, from a device of one's own.
    "api.use_api",
}
_INCIDENT_FIELD = _INCIDENT_READING | {
    "incidents.add_incident",
    "incidents.edit_incident",
    "incidents.submit_incident",
    "incidents.withdraw_incident",
    "incidents.record_response",
    "attachments.add_attachment",
}
_REVIEW = {
    "incidents.review_incident",
    "incidents.override_verification",
    "incidents.revise_incident",
}
#: The daily work with people: one's own cases and conflicts, one's own day.
_CASE_READING = {
    "outreach.view_participant",
    "outreach.view_conflict",
    "worklist.view_task",
    "worklist.close_task",
}
_CASE_FIELD = _CASE_READING | {
    "outreach.add_contact",
    "outreach.mediate_conflict",
    "outreach.log_work",
}
_CASE_WORK = _CASE_FIELD | {
    "outreach.add_participant",
    "outreach.change_participant",
    "outreach.screen_participant",
    "outreach.plan_participant",
    "outreach.transfer_participant",
    "vault.reveal_identity",
}
#: Of a team: who carries what, approvals, the weekly sheet.
_CASE_SUPERVISION = _CASE_WORK | {
    "outreach.supervise",
    "outreach.approve_case",
    "outreach.assign_case",
    "outreach.delegate",
}
#: One verb on many rows; a kept filter shared with the team.
_DESK = {"incidents.act_on_many", "incidents.share_filter"}
#: Reports that count sexual violence, minors and staff too; all others read them without.
_SENSITIVE_COUNTS = {"reports.view_sensitive_counts"}
#: Grants and their money; no case lies behind them. Which step somebody takes is their duty's.
_GRANT_READING = {"grants.view_grant"}
_PROGRAM_REPORTS = {
    "reports.view_weeklyreport",
    "reports.view_dashboard",
    "worklist.view_notification",
}

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.INTERRUPTER: frozenset(
        _INCIDENT_FIELD | _CASE_FIELD | _PROGRAM_REPORTS | {"places.view_place"}
    ),
    Role.WORKER: frozenset(_INCIDENT_FIELD | _CASE_WORK | _PROGRAM_REPORTS | {"places.view_place"}),
    Role.SUPERVISOR: frozenset(
        _INCIDENT_FIELD
        | _REVIEW
        | _DESK
        | _CASE_SUPERVISION
        | _PROGRAM_REPORTS
        | _SENSITIVE_COUNTS
        | {
            "places.view_place",
            "incidents.view_source",
            "incidents.assign_response",
            "attachments.remove_attachment",
        }
    ),
    Role.MANAGER: frozenset(
        _INCIDENT_FIELD
        | _DESK
        | _CASE_SUPERVISION
        | _PROGRAM_REPORTS
        | _SENSITIVE_COUNTS
        | {
            "outreach.decide_exception",
            "outreach.change_rules",
            "outreach.view_ties",
            "outreach.view_measures",
            "places.view_place",
            "incidents.view_source",
            "incidents.archive_incident",
            "incidents.assign_response",
            "incidents.export_incident",
            "incidents.view_named_group",
            "reports.freeze_weeklyreport",
            # What is judged of the program's effect is set down beforehand.
            "reports.register_effect",
            # Since when a site records something else: its comparisons begin anew there.
            "reports.note_recording_change",
            "reports.compile_weeklyreport",
            # The weekly series for an outside evaluator, small counts hidden.
            "reports.take_evaluators_pack",
            "jobs.view_job",
            "jobs.change_job",
            "people.confirm_change",
        }
    ),
    Role.DATA_OFFICER: frozenset(
        _INCIDENT_READING
        # The grade is the supervisor's to set by hand.
        | (_REVIEW - {"incidents.override_verification"})
        | _DESK
        | _PROGRAM_REPORTS
        | {
            "places.view_place",
            "incidents.edit_incident",
            "attachments.add_attachment",
            "incidents.import_incident",
            "incidents.export_incident",
            "outreach.view_measures",
            "reports.write_narrative",
            "reports.compile_weeklyreport",
            "reports.take_evaluators_pack",
            "jobs.view_job",
        }
    ),
    Role.REO_STAFF: frozenset(
        _GRANT_READING | {"grants.work_grant", "reports.view_sharedweeklyreport"}
    ),
    Role.REO_VIEWER: frozenset(_GRANT_READING | {"reports.view_sharedweeklyreport"}),
    Role.AUDITOR: frozenset(
        _GRANT_READING
        | {
            # Flags, findings, and the reopening of a grant; no step of it and no money.
            "grants.flag_grant",
            "audit.view_auditevent",
            "outreach.view_measures",
            # Told at once of unusual reading; never of a record.
            "worklist.view_notification",
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            "people.view_user",
            "people.add_user",
            "people.change_user",
            "places.view_place",
            "places.change_place",
            "reports.note_recording_change",
            # Of places alone: no other operation is open to them.
            "api.use_api",
            "jobs.view_job",
            "jobs.change_job",
            "people.confirm_change",
        }
    ),
}


def allows(role: str, permission: str) -> bool:
    """Whether a role holds a permission such as `incidents.add_incident`."""
    return permission in PERMISSIONS.get(role, frozenset())
