"""Who may open what: one row for every address and method, one column for every role.

A URL without a row fails. `scene` names the record the address is about: one of the person's own
site here; the same addresses with a record of another site, and with one that does not exist, must
answer alike for everybody (`test_another_sites_record_answers_exactly_like_an_absent_one`).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from ceasefire import attachments, audit, jobs, periods, worklist
from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from ceasefire.periods import Week, today
from ceasefire.places.models import CoveragePeriod, Place, Zone
from ceasefire.reports.models import EffectPlan, EvaluatorsPack, RecordingChange, WeeklyReport
from ceasefire.reports.services import compile_week
from grants.models import Officer, ReportRequest
from grants.reports import snapshots
from grants.services import (
    amendments,
    deferrals,
    figures,
    monitoring,
    packs,
    payroll,
    rates,
    stops,
    uploads,
)
from incidents.models import (
    BulkAction,
    ConflictingSubmission,
    ExportFile,
    ImportBatch,
    ImportMapping,
    Incident,
    SavedFilter,
)
from incidents.services import SourceFacts, add_link, create_incident
from outreach.models import Participant, SupervisionDecision, SupervisionSheet
from outreach.services import approvals, delegation, edits, notes, plans, referrals, transfers
from outreach.services.conflicts import PartyFacts, open_conflict
from outreach.services.consent import record_consent
from outreach.services.contacts import record_contact
from outreach.services.daily_log import write_log
from outreach.services.fieldwork import record_event
from outreach.services.participants import Facts, register_participant
from outreach.services.shifts import start_shift
from tests.attachments.conftest import drawn, jpeg
from tests.conftest import maker_of_users, site_of
from tests.grants import office as grants_office
from tests.test_architecture import API_VIEWS, OPEN_VIEWS, URLS

COLUMNS = {
    "VI": Role.INTERRUPTER,
    "OW": Role.WORKER,
    "SU": Role.SUPERVISOR,
    "MA": Role.MANAGER,
    "DO": Role.DATA_OFFICER,
    "RS": Role.REO_STAFF,
    "RV": Role.REO_VIEWER,
    "AU": Role.AUDITOR,
    "AD": Role.ADMINISTRATOR,
}
#: Statuses in the order of COLUMNS.
TABLE: list[tuple[str, str, str, str]] = [
    # name, method, scene, statuses:                     VI  OW  SU  MA  DO  RS  RV  AU  AD
    ("home", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("account", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("keys", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("reports:subscription", "GET", "", "200 200 200 200 200 200 200 403 403"),
    ("reports:subscription_charts", "POST", "", "302 302 302 302 302 302 302 403 403"),
    ("reports:subscription_end", "POST", "", "302 302 302 302 302 302 302 403 403"),
    # No link of theirs.
    ("reports:mail_confirm", "GET", "token_word", "404 404 404 404 404 404 404 403 403"),
    ("session_end", "POST", "absent_number", "404 404 404 404 404 404 404 404 404"),
    ("account_logout", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("account_reauthenticate", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("account_change_password", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("mfa_index", "GET", "", "200 200 200 200 200 200 200 200 200"),
    ("mfa_reauthenticate", "GET", "", "302 302 302 302 302 302 302 302 302"),
    ("mfa_activate_totp", "GET", "", "302 302 302 302 302 302 302 302 302"),
    ("mfa_deactivate_totp", "GET", "", "404 404 404 404 404 404 404 404 404"),
    ("mfa_view_recovery_codes", "GET", "", "404 404 404 404 404 404 404 404 404"),
    ("mfa_generate_recovery_codes", "GET", "", "302 302 302 302 302 302 302 302 302"),
    ("token_list", "GET", "", "200 200 200 200 200 403 403 403 200"),
    # The password again, first.
    ("token_new", "GET", "", "302 302 302 302 302 403 403 403 302"),
    ("token_revoke", "POST", "absent_number", "404 404 404 404 404 403 403 403 404"),
    ("people:user_token_revoke", "POST", "token", "403 403 403 403 403 403 403 403 404"),
    ("people:user_list", "GET", "", "403 403 403 403 403 403 403 403 200"),
    ("people:user_new", "GET", "", "403 403 403 403 403 403 403 403 200"),
    ("people:user_detail", "GET", "user", "403 403 403 403 403 403 403 403 200"),
    ("people:user_disable", "POST", "user", "403 403 403 403 403 403 403 403 302"),
    ("people:user_enable", "POST", "user", "403 403 403 403 403 403 403 403 302"),
    ("people:user_link", "POST", "user", "403 403 403 403 403 403 403 403 200"),
    ("people:user_second_step", "POST", "user", "403 403 403 403 403 403 403 403 302"),
    ("people:change_list", "GET", "", "403 403 403 200 403 403 403 403 200"),
    ("people:change_confirm", "POST", "absent_number", "403 403 403 404 403 403 403 403 404"),
    ("people:change_refuse", "POST", "absent_number", "403 403 403 404 403 403 403 403 404"),
    ("oversight:audit_list", "GET", "", "403 403 403 403 403 403 403 200 403"),
    ("oversight:audit_head", "GET", "", "403 403 403 403 403 403 403 200 403"),
    ("oversight:audit_check", "POST", "", "403 403 403 403 403 403 403 302 403"),
    ("oversight:job_list", "GET", "", "403 403 403 200 200 403 403 403 200"),
    ("oversight:job_cancel", "POST", "job", "403 403 403 302 403 403 403 403 302"),
    ("oversight:job_again", "POST", "job", "403 403 403 302 403 403 403 403 302"),
    ("oversight:place_list", "GET", "", "200 200 200 200 200 403 403 403 200"),
    ("oversight:place_detail", "GET", "place", "200 200 200 200 200 403 403 403 200"),
    ("oversight:place_new", "GET", "", "403 403 403 403 403 403 403 403 200"),
    ("oversight:site_list", "GET", "", "403 403 403 403 403 403 403 403 200"),
    ("oversight:site_new", "GET", "", "403 403 403 403 403 403 403 403 200"),
    ("oversight:site_detail", "GET", "site", "403 403 403 403 403 403 403 403 200"),
    ("oversight:zone_new", "GET", "site", "403 403 403 403 403 403 403 403 200"),
    ("oversight:zone_detail", "GET", "zone", "403 403 403 403 403 403 403 403 200"),
    ("oversight:zone_close", "POST", "zone", "403 403 403 403 403 403 403 403 302"),
    ("oversight:zone_open", "POST", "zone", "403 403 403 403 403 403 403 403 302"),
    ("reports:dashboard", "GET", "", "200 200 200 200 200 200 200 403 403"),
    ("reports:dashboard_week", "GET", "", "200 200 200 200 200 403 403 403 403"),
    ("reports:dashboard_team", "GET", "", "403 403 200 200 403 403 403 403 403"),
    ("reports:dashboard_quality", "GET", "", "403 403 403 200 200 403 403 403 403"),
    # The first page of the role.
    ("reports:dashboard_part", "GET", "", "200 200 200 200 200 200 200 403 403"),
    ("reports:dashboard_chart", "GET", "chart", "200 200 200 200 200 403 403 403 403"),
    ("reports:report_list", "GET", "", "200 200 200 200 200 200 200 403 403"),
    ("reports:report_runs", "GET", "", "200 200 200 200 200 403 403 403 403"),
    ("reports:report_compile", "GET", "", "403 403 403 200 200 403 403 403 403"),
    # A draft: REO has only what was approved.
    ("reports:report_detail", "GET", "report", "200 200 200 200 200 404 404 403 403"),
    ("reports:report_progress", "GET", "report", "200 200 200 200 200 403 403 403 403"),
    ("reports:report_narrate", "GET", "report", "403 403 403 403 200 403 403 403 403"),
    ("reports:report_freeze", "GET", "report", "403 403 403 200 403 403 403 403 403"),
    ("reports:report_revise", "GET", "report", "403 403 403 200 200 403 403 403 403"),
    ("reports:report_summary", "GET", "report", "200 200 200 200 200 404 404 403 403"),
    ("reports:mail_list", "GET", "", "403 403 403 200 403 403 403 403 403"),
    ("reports:mail_again", "POST", "report_key", "403 403 403 302 403 403 403 403 403"),
    ("reports:pack_list", "GET", "", "403 403 403 200 200 403 403 403 403"),
    # Somebody's own: not there even for a colleague.
    ("reports:pack_detail", "GET", "pack", "403 403 403 404 404 403 403 403 403"),
    ("reports:pack_progress", "GET", "pack", "403 403 403 404 404 403 403 403 403"),
    ("reports:pack_cancel", "POST", "pack", "403 403 403 404 404 403 403 403 403"),
    ("reports:pack_download", "GET", "pack", "403 403 403 404 404 403 403 403 403"),
    ("reports:report_chart", "GET", "report_chart", "200 200 200 200 200 404 404 403 403"),
    ("reports:effect_list", "GET", "", "403 403 403 200 403 403 403 403 403"),
    ("reports:effect_new", "GET", "effect_site", "403 403 403 200 403 403 403 403 403"),
    ("reports:recording_list", "GET", "", "403 403 403 200 403 403 403 403 200"),
    ("reports:recording_new", "GET", "effect_site", "403 403 403 200 403 403 403 403 200"),
    ("reports:recording_withdraw", "POST", "recording", "403 403 403 302 403 403 403 403 302"),
    ("reports:effect_withdraw", "POST", "effect_plan", "403 403 403 302 403 403 403 403 403"),
    ("incidents:incident_list", "GET", "", "200 200 200 200 200 403 403 403 403"),
    ("incidents:incident_new", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("incidents:entry", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("incidents:paper", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("incidents:incident_review", "GET", "", "403 403 200 403 200 403 403 403 403"),
    ("incidents:place_search", "GET", "", "200 200 200 200 200 403 403 403 200"),
    ("incidents:incident_map", "GET", "", "200 200 200 200 200 403 403 403 403"),
    # Asked without saying which part of the map, which area.
    ("incidents:map_marks", "GET", "", "400 400 400 400 400 403 403 403 403"),
    ("incidents:map_outlines", "GET", "outlines", "200 200 200 200 200 403 403 403 403"),
    ("incidents:map_records", "GET", "", "404 404 404 404 404 403 403 403 403"),
    # One that a colleague sent: read by the site, edited by those who review it.
    ("incidents:incident_detail", "GET", "incident", "200 200 200 200 200 403 403 403 403"),
    ("incidents:incident_edit", "GET", "incident", "403 403 200 403 200 403 403 403 403"),
    # Not accepted yet, so there is nothing to correct.
    ("incidents:incident_revise", "GET", "incident", "403 403 403 403 403 403 403 403 403"),
    # 302 says on the incident's page why not; 200 is the page with the form's error.
    ("incidents:incident_submit", "POST", "incident", "302 302 302 302 403 403 403 403 403"),
    ("incidents:incident_withdraw", "POST", "incident", "200 200 200 200 403 403 403 403 403"),
    ("incidents:incident_take", "POST", "incident", "403 403 302 403 302 403 403 403 403"),
    ("incidents:incident_return", "POST", "incident", "403 403 200 403 200 403 403 403 403"),
    ("incidents:incident_accept", "POST", "incident", "403 403 302 403 302 403 403 403 403"),
    ("incidents:incident_archive", "POST", "incident", "403 403 403 302 403 403 403 403 403"),
    ("incidents:incident_duplicate", "POST", "incident", "403 403 200 403 200 403 403 403 403"),
    ("incidents:incident_override", "POST", "incident", "403 403 200 403 403 403 403 403 403"),
    (
        "incidents:incident_override_clear",
        "POST",
        "incident",
        "403 403 302 403 403 403 403 403 403",
    ),
    ("incidents:source_add", "POST", "incident", "200 200 200 200 200 403 403 403 403"),
    ("incidents:source_grade", "POST", "source", "302 302 302 302 302 403 403 403 403"),
    ("incidents:photo_add", "POST", "incident", "200 200 200 200 200 403 403 403 403"),
    ("attachments:photo_detail", "GET", "photo", "200 200 200 200 200 403 403 403 403"),
    ("attachments:photo_picture", "GET", "photo", "200 200 200 200 200 403 403 403 403"),
    ("attachments:photo_thumbnail", "GET", "photo", "200 200 200 200 200 403 403 403 403"),
    # Of an incident that a colleague sent: theirs and the supervisor's to remove.
    ("attachments:photo_remove", "POST", "photo", "403 403 200 403 403 403 403 403 403"),
    ("incidents:name_reveal", "POST", "incident", "403 403 200 200 403 403 403 403 403"),
    # None of the forms that are kept is named: nobody finds one.
    ("incidents:told_take", "POST", "incident", "403 403 404 403 404 403 403 403 403"),
    ("incidents:submission_settle", "POST", "submission", "404 404 302 404 302 403 403 403 403"),
    ("notification_list", "GET", "", "200 200 200 200 200 403 403 200 403"),
    ("notification_read_all", "POST", "", "302 302 302 302 302 403 403 302 403"),
    # Somebody else's, whoever asks.
    ("notification_open", "POST", "notice", "404 404 404 404 404 403 403 404 403"),
    ("incidents:board", "GET", "", "200 200 200 200 200 403 403 403 403"),
    ("incidents:board_rows", "GET", "", "200 200 200 200 200 403 403 403 403"),
    ("incidents:response_action", "GET", "incident", "200 200 200 200 403 403 403 403 403"),
    ("incidents:response_take", "POST", "incident", "302 302 302 302 403 403 403 403 403"),
    ("incidents:response_assign", "GET", "incident", "403 403 200 200 403 403 403 403 403"),
    ("incidents:response_assign", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    # Nobody has it, so who only records does not plan it.
    ("incidents:response_next", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    ("incidents:response_close", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    ("incidents:response_open", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    ("incidents:watch_start", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    ("incidents:watch_people", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    # 302 says what is missing; who watches no side may not say how it is there.
    ("incidents:watch_check", "POST", "incident", "302 302 302 302 403 403 403 403 403"),
    ("incidents:watch_end", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    ("incidents:filter_list", "GET", "", "200 200 200 200 200 403 403 403 403"),
    # One that a colleague shared with the site: opened by all, changed by nobody else.
    ("incidents:filter_open", "GET", "kept", "302 302 302 302 302 403 403 403 403"),
    ("incidents:filter_remove", "POST", "kept", "404 404 404 404 404 403 403 403 403"),
    ("incidents:filter_default", "POST", "kept", "404 404 404 404 404 403 403 403 403"),
    ("incidents:bulk_confirm", "POST", "", "403 403 302 302 302 403 403 403 403"),
    ("incidents:bulk_run", "POST", "", "403 403 302 302 302 403 403 403 403"),
    # What a colleague did to many rows: nobody else's.
    ("incidents:bulk_detail", "GET", "bulk", "403 403 404 404 404 403 403 403 403"),
    ("incidents:bulk_progress", "GET", "bulk", "403 403 404 404 404 403 403 403 403"),
    ("incidents:bulk_undo", "POST", "bulk", "403 403 404 404 404 403 403 403 403"),
    # 302 says that there is nothing of one's own to take back.
    ("incidents:incident_undo", "POST", "incident", "302 302 302 302 302 403 403 403 403"),
    ("incidents:twin_list", "GET", "", "403 403 200 403 200 403 403 403 403"),
    ("incidents:merge", "GET", "two", "403 403 200 403 200 403 403 403 403"),
    ("incidents:not_twins", "POST", "two", "403 403 302 403 302 403 403 403 403"),
    # Not merged, which the page of the incident says.
    ("incidents:unmerge", "POST", "incident", "403 403 302 403 302 403 403 403 403"),
    # What is not sensitive says so; nobody is named.
    ("incidents:named", "GET", "incident", "403 403 200 200 403 403 403 403 403"),
    ("incidents:named", "POST", "incident", "403 403 200 200 403 403 403 403 403"),
    ("incidents:named_back", "POST", "incident", "403 403 302 302 403 403 403 403 403"),
    ("incidents:link_add", "POST", "incident", "200 200 200 200 200 403 403 403 403"),
    # Of a colleague's making: theirs and the reviewers' to take away. Then it is gone.
    ("incidents:link_remove", "POST", "link", "403 403 302 404 404 403 403 403 403"),
    ("incidents:incident_chain", "GET", "incident", "200 200 200 200 200 403 403 403 403"),
    ("incidents:import_new", "GET", "", "403 403 403 403 200 403 403 403 403"),
    ("incidents:import_blank", "GET", "", "403 403 403 403 200 403 403 403 403"),
    ("incidents:import_detail", "GET", "batch", "403 403 403 403 200 403 403 403 403"),
    ("incidents:import_pairs", "GET", "batch", "403 403 200 403 200 403 403 403 403"),
    ("incidents:import_columns", "GET", "batch", "403 403 403 403 302 403 403 403 403"),
    ("incidents:import_values", "GET", "batch", "403 403 403 403 302 403 403 403 403"),
    ("incidents:import_stop", "POST", "batch", "403 403 403 403 302 403 403 403 403"),
    ("incidents:import_discard", "POST", "batch", "403 403 403 403 302 403 403 403 403"),
    ("incidents:import_undo", "GET", "batch", "403 403 403 403 200 403 403 403 403"),
    ("incidents:import_rejects", "GET", "batch", "403 403 403 403 200 403 403 403 403"),
    ("incidents:mapping_list", "GET", "", "403 403 403 403 200 403 403 403 403"),
    ("incidents:mapping_detail", "GET", "mapping", "403 403 403 403 200 403 403 403 403"),
    ("incidents:mapping_delete", "POST", "mapping", "403 403 403 403 302 403 403 403 403"),
    ("incidents:incident_export", "GET", "", "403 403 403 200 200 403 403 403 403"),
    # One that a colleague of the site asked for: nobody else's.
    ("incidents:export_detail", "GET", "export", "403 403 403 404 404 403 403 403 403"),
    ("incidents:export_columns", "GET", "", "403 403 403 200 200 403 403 403 403"),
    ("incidents:export_codebook", "GET", "", "403 403 403 200 200 403 403 403 403"),
    ("incidents:export_progress", "GET", "export", "403 403 403 404 404 403 403 403 403"),
    ("incidents:export_cancel", "POST", "export", "403 403 403 404 404 403 403 403 403"),
    ("incidents:export_download", "GET", "export", "403 403 403 404 404 403 403 403 403"),
    # Conflicts: of a colleague whom another supervisor leads; the manager sees the site's.
    ("outreach:caseload", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:caseload_of", "GET", "fieldworker", "404 404 404 200 403 403 403 403 403"),
    ("outreach:contact_many", "POST", "", "302 302 302 302 403 403 403 403 403"),
    ("outreach:contact_seen", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:contact_seen", "POST", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:contact_new", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:contact_new", "POST", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:contact_list", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    # Its author's alone.
    ("outreach:contact_take_back", "GET", "contact", "404 404 404 404 403 403 403 403 403"),
    ("outreach:contact_take_back", "POST", "contact", "404 404 404 404 403 403 403 403 403"),
    ("outreach:event_list", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:event_new", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:event_new", "POST", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:event_detail", "GET", "event", "200 200 200 200 403 403 403 403 403"),
    # A colleague's: read by the site, taken back by its author.
    ("outreach:event_take_back", "POST", "event", "403 403 403 403 403 403 403 403 403"),
    ("outreach:shift", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:shift", "POST", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:shift_detail", "GET", "shift", "404 404 404 200 403 403 403 403 403"),
    ("outreach:shift_later", "POST", "shift", "404 404 404 302 403 403 403 403 403"),
    ("outreach:shift_end", "POST", "shift", "404 404 404 302 403 403 403 403 403"),
    ("outreach:log", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:log", "POST", "", "302 302 302 302 403 403 403 403 403"),
    ("outreach:log_day", "GET", "day", "200 200 200 200 403 403 403 403 403"),
    ("outreach:log_day", "POST", "day", "302 302 302 302 403 403 403 403 403"),
    ("outreach:log_team", "GET", "", "403 403 200 200 403 403 403 403 403"),
    ("outreach:log_detail", "GET", "daily_log", "404 404 404 200 403 403 403 403 403"),
    ("outreach:participant_list", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:participant_new", "GET", "", "403 200 200 200 403 403 403 403 403"),
    ("outreach:participant_new", "POST", "", "403 200 200 200 403 403 403 403 403"),
    ("outreach:participant_find", "GET", "", "403 200 200 200 403 403 403 403 403"),
    ("outreach:participant_find", "POST", "", "403 200 200 200 403 403 403 403 403"),
    # Of a colleague in nobody's team here: the manager's alone.
    ("outreach:participant_detail", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:participant_reveal", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:participant_reveal", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:participant_held", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:participant_held", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:consent_record", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:consent_record", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:consent_withdraw", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:consent_withdraw", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:ask_intake", "POST", "case", "403 404 404 302 403 403 403 403 403"),
    ("outreach:pause", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:pause", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:resume", "POST", "case", "403 404 404 302 403 403 403 403 403"),
    ("outreach:close", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:close", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:reopen", "POST", "case", "403 404 404 302 403 403 403 403 403"),
    ("outreach:reopen_active", "POST", "case", "403 403 404 302 403 403 403 403 403"),
    ("outreach:exception_ask", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:exception_ask", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:exception_decide", "GET", "case", "403 403 403 200 403 403 403 403 403"),
    ("outreach:exception_decide", "POST", "case", "403 403 403 200 403 403 403 403 403"),
    ("outreach:participant_edit", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:participant_edit", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:edit_settle", "GET", "case_edits", "403 404 404 200 403 403 403 403 403"),
    ("outreach:edit_settle", "POST", "case_edits", "403 404 404 200 403 403 403 403 403"),
    ("outreach:rules_list", "GET", "", "403 403 403 200 403 403 403 403 403"),
    ("outreach:rules_change", "GET", "rules", "403 403 403 200 403 403 403 403 403"),
    ("outreach:rules_change", "POST", "rules", "403 403 403 200 403 403 403 403 403"),
    ("outreach:screening_new", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:screening_new", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:screening_list", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:needs_list", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:plan_detail", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:referral_list", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:note_list", "GET", "case", "404 404 404 200 403 403 403 403 403"),
    ("outreach:needs_new", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:needs_new", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:goal_new", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:goal_new", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:referral_new", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:referral_new", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:note_new", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:note_new", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:transfer_new", "GET", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:transfer_new", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:plan_ask", "POST", "case", "403 404 404 302 403 403 403 403 403"),
    ("outreach:plan_take_back", "POST", "case", "403 404 404 302 403 403 403 403 403"),
    ("outreach:plan_review", "POST", "case", "403 404 404 200 403 403 403 403 403"),
    ("outreach:goal_end", "POST", "case_goal", "403 404 404 302 403 403 403 403 403"),
    ("outreach:referral_move", "GET", "case_referral", "403 404 404 200 403 403 403 403 403"),
    ("outreach:referral_move", "POST", "case_referral", "403 404 404 200 403 403 403 403 403"),
    # One's own notes only.
    ("outreach:note_change", "GET", "case_note", "403 404 404 404 403 403 403 403 403"),
    ("outreach:note_change", "POST", "case_note", "403 404 404 404 403 403 403 403 403"),
    ("outreach:note_amend", "GET", "case_note", "403 404 404 200 403 403 403 403 403"),
    ("outreach:note_amend", "POST", "case_note", "403 404 404 200 403 403 403 403 403"),
    ("outreach:transfer_list", "GET", "", "403 200 200 200 403 403 403 403 403"),
    ("outreach:transfer_detail", "GET", "transfer", "404 404 404 200 403 403 403 403 403"),
    # Not the one who was asked.
    ("outreach:transfer_answer", "POST", "transfer", "403 404 404 403 403 403 403 403 403"),
    ("outreach:transfer_take_back", "POST", "transfer", "403 404 404 302 403 403 403 403 403"),
    ("outreach:handover_list", "GET", "", "403 403 200 200 403 403 403 403 403"),
    ("outreach:handover", "GET", "leaver", "403 403 404 200 403 403 403 403 403"),
    ("outreach:handover", "POST", "leaver", "403 403 404 200 403 403 403 403 403"),
    ("outreach:conflict_list", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:conflict_new", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:conflict_new", "POST", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:conflict_detail", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:conflict_assess", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:conflict_assess", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:party_add", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:party_add", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:party_remove", "POST", "conflict_side", "404 404 404 302 403 403 403 403 403"),
    ("outreach:conflict_mediators", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:conflict_mediators", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:conflict_neutral", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:conflict_neutral", "POST", "conflict", "404 404 404 403 403 403 403 403 403"),
    ("outreach:conflict_replace", "POST", "conflict", "404 404 404 302 403 403 403 403 403"),
    ("outreach:conflict_begin", "POST", "conflict", "404 404 404 302 403 403 403 403 403"),
    ("outreach:conflict_watch", "POST", "conflict", "404 404 404 302 403 403 403 403 403"),
    ("outreach:conflict_reignite", "POST", "conflict", "404 404 404 302 403 403 403 403 403"),
    ("outreach:conflict_close", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:conflict_incident_link", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    (
        "outreach:conflict_incident_unlink",
        "POST",
        "conflict_incident",
        "404 404 404 302 403 403 403 403 403",
    ),
    ("outreach:session_new", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:session_new", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:follow_up_answer", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:truce_new", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:truce_new", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:truce_extend", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:truce_end", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:settlement_edit", "GET", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:settlement_edit", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("outreach:settlement_pay", "POST", "conflict", "404 404 404 200 403 403 403 403 403"),
    ("task_list", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("task_done", "POST", "task", "404 404 404 404 403 403 403 403 403"),
    ("outreach:supervision", "GET", "", "403 403 200 200 403 403 403 403 403"),
    ("outreach:supervision_worker", "GET", "led", "403 403 404 200 403 403 403 403 403"),
    ("outreach:supervision_review", "POST", "led", "403 403 404 302 403 403 403 403 403"),
    ("outreach:supervision_decide", "POST", "led", "403 403 404 200 403 403 403 403 403"),
    ("outreach:supervision_sign", "POST", "led", "403 403 404 302 403 403 403 403 403"),
    ("outreach:supervision_sheets", "GET", "", "200 200 200 200 403 403 403 403 403"),
    ("outreach:supervision_sheet", "GET", "sheet", "404 404 404 200 403 403 403 403 403"),
    ("outreach:supervision_decision", "GET", "decision", "404 404 404 200 403 403 403 403 403"),
    ("outreach:approval_list", "GET", "", "403 403 200 200 403 403 403 403 403"),
    ("outreach:approval_detail", "GET", "approval", "403 403 404 200 403 403 403 403 403"),
    ("outreach:approval_detail", "POST", "approval", "403 403 404 200 403 403 403 403 403"),
    ("outreach:delegation_list", "GET", "", "403 403 200 200 403 403 403 403 403"),
    ("outreach:delegation_list", "POST", "", "403 403 200 200 403 403 403 403 403"),
    ("outreach:delegation_end", "POST", "delegation", "403 403 404 302 403 403 403 403 403"),
    ("outreach:fidelity", "GET", "", "403 403 403 200 200 403 403 200 403"),
    ("outreach:staff_list", "GET", "", "403 403 403 200 403 403 403 403 403"),
    ("outreach:staff_own", "GET", "", "302 302 302 404 403 403 403 403 403"),
    ("outreach:staff_detail", "GET", "mediator", "404 404 404 200 403 403 403 403 403"),
    ("outreach:staff_change", "POST", "mediator", "403 403 403 302 403 403 403 403 403"),
    ("outreach:tie_add", "POST", "mediator", "403 403 403 200 403 403 403 403 403"),
    ("outreach:tie_remove", "POST", "mediator_tie", "403 403 403 302 403 403 403 403 403"),
    # Grants: of the whole office. RS is staff without a duty, who reads and takes no step.
    ("grants:report_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:report_runs", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:report_detail", "GET", "grant_slug", "403 403 403 403 403 200 200 200 403"),
    ("grants:report_run", "GET", "grant_run", "403 403 403 403 403 200 200 200 403"),
    ("grants:report_request", "GET", "grant_asked", "403 403 403 403 403 404 404 404 403"),
    ("grants:report_request_progress", "GET", "grant_asked", "403 403 403 403 403 404 404 404 403"),
    ("grants:report_request_stop", "POST", "grant_asked", "403 403 403 403 403 404 404 404 403"),
    ("grants:grant_sheet", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:worksheet", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:figure_new", "GET", "grant_fund", "403 403 403 403 403 200 403 403 403"),
    ("grants:figure_confirm", "POST", "grant_figure", "403 403 403 403 403 403 403 403 403"),
    ("grants:figure_withdraw", "POST", "grant_figure", "403 403 403 403 403 403 403 403 403"),
    ("grants:publishing_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:publisher_detail", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:publisher_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:publisher_confirm", "POST", "grant_publisher", "403 403 403 403 403 403 403 403 403"),
    ("grants:publisher_withdraw", "POST", "grant_publisher", "403 403 403 403 403 403 403 403 403"),
    ("grants:published_new", "POST", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:published_detail", "GET", "grant_published", "403 403 403 403 403 200 200 200 403"),
    ("grants:published_progress", "GET", "grant_published", "403 403 403 403 403 200 200 200 403"),
    ("grants:published_stop", "POST", "grant_published", "403 403 403 403 403 403 403 403 403"),
    # Not made yet, so there is nothing to take.
    ("grants:published_download", "GET", "grant_published", "403 403 403 403 403 302 302 302 403"),
    ("grants:level_confirm", "POST", "grant_level", "403 403 403 403 403 403 403 403 403"),
    ("grants:level_refuse", "POST", "grant_level", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_publishing", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:grant_publishing", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:grant_detail", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:grant_history", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:grant_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_new", "POST", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_edit", "GET", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_edit", "POST", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_budget", "POST", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_quotes", "POST", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_indicators", "POST", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_risks", "GET", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_risks", "POST", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    ("grants:number_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:grant_beneficiaries", "POST", "grant_draft", "403 403 403 403 403 403 403 403 403"),
    # Of an award, which nobody suspends yet: 302 says so to the auditor, who may suspend.
    ("grants:grant_step", "GET", "grant_suspend", "403 403 403 403 403 403 403 302 403"),
    ("grants:grant_step", "POST", "grant_suspend", "403 403 403 403 403 403 403 302 403"),
    ("grants:amendment_list", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:amendment_new", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:amendment_new", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:amendment_step", "GET", "grant_amendment", "403 403 403 403 403 403 403 403 403"),
    ("grants:amendment_step", "POST", "grant_amendment", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_money", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    # Without the duty that the verb asks for.
    ("grants:money_tranches", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:money_ask", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:money_expense", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:money_refund", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:money_obligate", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:money_deobligate", "GET", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:money_reverse", "GET", "grant_posting", "403 403 403 403 403 403 403 403 403"),
    ("grants:payment_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:payment_anomalies", "GET", "", "403 403 403 403 403 403 403 200 403"),
    ("grants:payment_detail", "GET", "grant_payment", "403 403 403 403 403 200 200 200 403"),
    ("grants:payment_certify", "GET", "grant_payment", "403 403 403 403 403 403 403 403 403"),
    ("grants:payment_certify", "POST", "grant_payment", "403 403 403 403 403 403 403 403 403"),
    ("grants:payment_refuse", "POST", "grant_payment", "403 403 403 403 403 403 403 403 403"),
    ("grants:payment_pay", "POST", "grant_payment", "403 403 403 403 403 403 403 403 403"),
    ("grants:stop_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:stop_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:stop_ask_lift", "GET", "grant_stop", "403 403 403 403 403 403 403 403 403"),
    # Without a verb there is nothing to settle.
    ("grants:stop_settle", "POST", "grant_stop", "403 403 403 403 403 404 403 403 403"),
    ("grants:fund_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:fund_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:fund_detail", "GET", "grant_purse", "403 403 403 403 403 200 200 200 403"),
    ("grants:fund_change", "GET", "grant_purse", "403 403 403 403 403 403 403 403 403"),
    ("grants:fund_ceiling", "GET", "grant_purse", "403 403 403 403 403 403 403 403 403"),
    ("grants:rule_new", "GET", "grant_purse", "403 403 403 403 403 403 403 403 403"),
    ("grants:seat_new", "GET", "grant_purse", "403 403 403 403 403 403 403 403 403"),
    ("grants:rule_what_if", "GET", "grant_purse", "403 403 403 403 403 200 200 200 403"),
    ("grants:rule_confirm", "POST", "grant_rule", "403 403 403 403 403 403 403 403 403"),
    ("grants:rule_refuse", "POST", "grant_rule", "403 403 403 403 403 403 403 403 403"),
    ("grants:rule_end", "POST", "grant_rule", "403 403 403 403 403 403 403 403 403"),
    ("grants:seat_confirm", "POST", "grant_seat", "403 403 403 403 403 403 403 403 403"),
    ("grants:seat_refuse", "POST", "grant_seat", "403 403 403 403 403 403 403 403 403"),
    ("grants:seat_end", "POST", "grant_seat", "403 403 403 403 403 403 403 403 403"),
    ("grants:rate_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:rate_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:rate_confirm", "POST", "grant_rate", "403 403 403 403 403 403 403 403 403"),
    ("grants:rate_withdraw", "GET", "grant_rate", "403 403 403 403 403 403 403 403 403"),
    # Who sees the background work sees whether the ledger holds.
    ("grants:ledger_check_list", "GET", "", "403 403 403 200 200 200 200 200 200"),
    ("grants:ledger_check_now", "POST", "", "403 403 403 302 403 403 403 302 302"),
    ("grants:grant_monitoring", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:grant_surroundings", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:visit_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:finding_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:finding_detail", "GET", "grant_finding", "403 403 403 403 403 200 200 200 403"),
    ("grants:finding_detail", "POST", "grant_finding", "403 403 403 403 403 403 403 422 403"),
    # The auditor raises findings; everything else is for a duty.
    ("grants:finding_new", "GET", "grant", "403 403 403 403 403 403 403 200 403"),
    ("grants:visit_form", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:visit_detail", "GET", "grant_visit", "403 403 403 403 403 200 200 200 403"),
    ("grants:visit_detail", "POST", "grant_visit", "403 403 403 403 403 403 403 403 403"),
    ("grants:visit_plan", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:visit_call_off", "POST", "grant_planned", "403 403 403 403 403 403 403 403 403"),
    ("grants:visit_new", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:report_plan", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:report_receive", "POST", "grant_report", "403 403 403 403 403 403 403 403 403"),
    ("grants:report_accept", "POST", "grant_report", "403 403 403 403 403 403 403 403 403"),
    ("grants:value_new", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:reached_edit", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_list", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:payroll_detail", "GET", "grant_row", "403 403 403 403 403 200 200 200 403"),
    ("grants:payroll_new", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_support", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_row", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_rows", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_strike", "POST", "grant_row_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_drop", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_decide", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_look", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_certify", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:payroll_names", "POST", "grant_row", "403 403 403 403 403 403 403 403 403"),
    ("grants:organisation_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:organisation_export", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:organisation_detail", "GET", "grant_org", "403 403 403 403 403 200 200 200 403"),
    ("grants:organisation_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:organisation_change", "GET", "grant_org", "403 403 403 403 403 403 403 403 403"),
    ("grants:organisation_block", "GET", "grant_org", "403 403 403 403 403 403 403 403 403"),
    ("grants:organisation_people", "GET", "grant_org", "403 403 403 403 403 403 403 403 403"),
    ("grants:person_new", "GET", "grant_org", "403 403 403 403 403 403 403 403 403"),
    ("grants:person_change", "GET", "grant_person", "403 403 403 403 403 403 403 403 403"),
    ("grants:person_left", "POST", "grant_person", "403 403 403 403 403 403 403 403 403"),
    ("grants:list_index", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:list_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:list_detail", "GET", "grant_list", "403 403 403 403 403 200 200 200 403"),
    ("grants:list_progress", "GET", "grant_list", "403 403 403 403 403 200 200 200 403"),
    ("grants:list_stop", "POST", "grant_list", "403 403 403 403 403 403 403 403 403"),
    ("grants:list_rule_new", "GET", "", "403 403 403 403 403 403 403 403 403"),
    ("grants:list_rule_confirm", "POST", "grant_list_rule", "403 403 403 403 403 403 403 403 403"),
    ("grants:grant_vetting", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:vetting_screen", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:vetting_progress", "GET", "grant_screening", "403 403 403 403 403 200 200 200 403"),
    ("grants:vetting_stop", "POST", "grant_screening", "403 403 403 403 403 403 403 403 403"),
    ("grants:vetting_run", "GET", "grant_screened", "403 403 403 403 403 403 403 403 403"),
    ("grants:hit_decide", "POST", "grant_hit", "403 403 403 403 403 403 403 403 403"),
    ("grants:run_sign", "POST", "grant_screened", "403 403 403 403 403 403 403 403 403"),
    ("grants:paper_missing", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:document_list", "GET", "grant", "403 403 403 403 403 200 200 200 403"),
    ("grants:document_new", "GET", "grant", "403 403 403 403 403 200 403 403 403"),
    ("grants:document_new", "POST", "grant", "403 403 403 403 403 200 403 403 403"),
    ("grants:document_detail", "GET", "grant_paper", "403 403 403 403 403 200 200 200 403"),
    ("grants:document_check", "POST", "grant_paper", "403 403 403 403 403 302 403 403 403"),
    ("grants:document_file", "GET", "grant_paper", "403 403 403 403 403 200 200 200 403"),
    ("grants:document_picture", "GET", "grant_paper", "403 403 403 403 403 200 200 200 403"),
    ("grants:document_thumbnail", "GET", "grant_paper", "403 403 403 403 403 200 200 200 403"),
    # Only for a grants officer.
    ("grants:document_defer", "POST", "grant", "403 403 403 403 403 403 403 403 403"),
    ("grants:deferral_end", "POST", "grant_deferral", "403 403 403 403 403 403 403 403 403"),
    # Begun without a file, a piece of nobody's upload, nobody's upload let go.
    ("grants:upload_begin", "POST", "grant", "403 403 403 403 403 422 403 403 403"),
    ("grants:upload_piece", "POST", "grant_piece", "403 403 403 403 403 409 403 403 403"),
    ("grants:upload_drop", "POST", "grant_paper", "403 403 403 403 403 204 403 403 403"),
    ("grants:pack_new", "POST", "grant", "403 403 403 403 403 302 403 302 403"),
    ("grants:pack_detail", "GET", "grant_pack", "403 403 403 403 403 200 403 200 403"),
    ("grants:pack_progress", "GET", "grant_pack", "403 403 403 403 403 200 403 200 403"),
    ("grants:pack_cancel", "POST", "grant_pack", "403 403 403 403 403 302 403 302 403"),
    # Not made yet: back to its page.
    ("grants:pack_download", "GET", "grant_pack", "403 403 403 403 403 302 403 302 403"),
    ("grants:handover_list", "GET", "", "403 403 403 403 403 200 200 200 403"),
    ("grants:handover_detail", "GET", "grant_officer", "403 403 403 403 403 200 200 200 403"),
    ("grants:handover_detail", "POST", "grant_officer", "403 403 403 403 403 403 403 403 403"),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """The scenes and the cast, made once; each test plays in a savepoint of its own above them."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            make_user = maker_of_users()
            basrah, zubair = site_of(), site_of("AL-ZUBAIR", place="IQG02Q06")
            scenes = scenes_of(basrah, zubair, make_user)
            cast = cast_of(basrah, make_user)
            yield SimpleNamespace(scenes=scenes, sessions=sessions_of(cast))
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def scenes(world: SimpleNamespace, db: None) -> dict[str, list[Any]]:
    return world.scenes


@pytest.fixture
def become(world: SimpleNamespace, client: Client) -> Callable[[str], None]:
    """Make the client that of a role, by the session it has for all tests of this file."""

    def become(short: str) -> None:
        client.cookies.clear()
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[short]

    return become


def sessions_of(cast: dict[str, Any]) -> dict[str, str]:
    """A session of everybody: signing in anew for each of the rows would be most of the work."""
    keys = {}
    for short, user in cast.items():
        client = Client()
        client.force_login(user)
        keys[short] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return keys


def scenes_of(basrah: Any, zubair: Any, make_user: Callable[..., Any]) -> dict[str, list[Any]]:
    """The arguments of an address for each scene: of one's own site, of another's, of nothing."""
    audit.record("people.scene_set")  # so that the trail has a head
    colleague = make_user(Role.WORKER, basrah, username="colleague")
    here, there = incident_of(basrah, make_user), incident_of(zubair, make_user)
    absent = "INC-2026-999999"
    twins = [second_of(here), second_of(there)]
    reports: list[list[Any]] = [
        report_of(basrah), report_of(zubair), ["NOWHERE", "2026-01-04"]
    ]  # fmt: skip
    return {
        "two": [[here.code, twins[0].code], [there.code, twins[1].code], [absent, here.code]],
        "link": [
            [here.code, link_of(here, twins[0])],
            [there.code, link_of(there, twins[1])],
            [absent, 987654],
        ],
        "incident": [[here.code], [there.code], [absent]],
        "source": [[here.code, 1], [there.code, 1], [absent, 1]],
        "photo": [[photo_of(here)], [photo_of(there)], [uuid4()]],
        "submission": [
            [here.code, submission_of(here)],
            [there.code, submission_of(there)],
            [absent, 987654],
        ],
        "": [[]] * 3,
        "absent_number": [[987654]] * 3,
        "user": [[colleague.username], [colleague.username], ["nobody"]],
        "token": [[colleague.username, 987654]] * 2 + [["nobody", 987654]],
        "job": [
            [jobs.enqueue("jobs.heartbeat", site=basrah).pk],
            [jobs.enqueue("jobs.heartbeat", site=zubair).pk],
            [987654],
        ],
        "place": [["IQG02Q02"], ["IQG02Q02"], ["IQG99"]],
        "outlines": [["IQG02+IQG08"], ["IQG02+IQG08"], ["IQG99"]],
        "site": [["BASRAH-CENTRE"], ["BASRAH-CENTRE"], ["NOWHERE"]],
        "zone": [zone_of(basrah), zone_of(basrah), ["BASRAH-CENTRE", "NOWHERE"]],
        "batch": [[batch_of(basrah)], [batch_of(zubair)], [uuid4()]],
        "mapping": [
            [mapping_of(make_user(Role.DATA_OFFICER, basrah, username="keeper.here"), basrah)],
            [mapping_of(make_user(Role.DATA_OFFICER, zubair, username="keeper.there"), zubair)],
            [uuid4()],
        ],
        "export": [
            [export_of(make_user(Role.MANAGER, basrah, username="colleague.here"))],
            [export_of(make_user(Role.MANAGER, zubair, username="colleague.there"))],
            [uuid4()],
        ],
        "kept": [
            [kept_of(make_user(Role.SUPERVISOR, basrah, username="sharer.here"), basrah)],
            [kept_of(make_user(Role.SUPERVISOR, zubair, username="sharer.there"), zubair)],
            [uuid4()],
        ],
        "bulk": [
            [bulk_of(make_user(Role.SUPERVISOR, basrah, username="many.here"))],
            [bulk_of(make_user(Role.SUPERVISOR, zubair, username="many.there"))],
            [uuid4()],
        ],
        "report": reports,
        "report_key": [[key_of_report(basrah)], [key_of_report(zubair)], [uuid4()]],
        "pack": [
            [pack_of(make_user(Role.MANAGER, basrah, username="packer.here"))],
            [pack_of(make_user(Role.MANAGER, zubair, username="packer.there"))],
            [uuid4()],
        ],
        "token_word": [["x:y"]] * 3,
        # Of one's own sites by the query alone.
        "chart": [["week", "weeks"]] * 3,
        "report_chart": [[*report, "weeks"] for report in reports],
        "effect_site": [["BASRAH-CENTRE"], ["AL-ZUBAIR"], ["NOWHERE"]],
        "effect_plan": [plan_of(basrah, make_user), plan_of(zubair, make_user), ["NOWHERE", 1]],
        "recording": [
            recording_of(basrah, make_user),
            recording_of(zubair, make_user),
            ["NOWHERE", 1],
        ],
        "notice": [[notice_of(here)], [notice_of(there)], [987654]],
        **conflict_scenes(here, there, make_user),
        "case": [
            [case_of(basrah, make_user).code],
            [case_of(zubair, make_user).code],
            ["P-0000"],
        ],
        "rules": [[site.code, "eligibility"] for site in (basrah, zubair)]
        + [["NOWHERE", "eligibility"]],
        **edit_scenes(basrah, zubair, make_user),
        **casework_scenes(basrah, zubair, make_user),
        **fieldwork_scenes(basrah, zubair, make_user),
        **supervision_scenes(here.site, there.site, make_user),
        **grant_scenes(make_user),
    }


def grant_scenes(make_user: Callable[..., Any]) -> dict[str, list[list[Any]]]:
    """A draft, and an award with its tranches and papers. Grants have no site, so nobody's other.

    A part of grants that needs a row of its own adds its scene here, of `awarded`.
    """
    office = grants_office.people(make_user)
    fund = grants_office.open_fund(office)
    drafted = grants_office.draft(office, fund)
    awarded = grants_office.move(office, grants_office.draft(office, fund), "AWARDED")
    absent = "QRF-1999-0001"
    amended = amendments.open_amendment(
        awarded, new_end=today() + timedelta(days=90), reason="rain", by=office.requester
    )
    return {
        **monitoring_scenes(office, awarded, absent),
        **report_scenes(office, fund),
        **publishing_scenes(office, fund, awarded),
        **paper_scenes(office, awarded, absent),
        **money_scenes(office, fund, awarded, absent),
        **vetting_scenes(office, fund, awarded, absent),
        "grant": [[awarded.ref], [absent], [absent]],
        "grant_draft": [[drafted.ref], [absent], [absent]],
        "grant_suspend": [[awarded.ref, "suspend"], [absent, "suspend"], [absent, "suspend"]],
        "grant_amendment": [
            [awarded.ref, amended.number, "approve"],
            [absent, 1, "approve"],
            [absent, 1, "approve"],
        ],
    }


def vetting_scenes(office: Any, fund: Any, awarded: Any, absent: str) -> dict[str, list[list[Any]]]:
    """An organisation and somebody behind it, the list in force, a rule that waits, a run."""
    from grants.demo import vetting as made_up
    from grants.models import ScreeningList
    from grants.services import organisations

    other = grants_office.organisation(office, "Salt Boats")
    with acting(office.vetting):
        person = organisations.add_person(other, name_en="Samir Hadi", by=office.vetting)
        rule = made_up.ask_for_list(fund, entered_by=office.vetting, valid_from=today())
    run = awarded.screening_runs.first()
    nothing: list[list[Any]] = [[uuid4()]] * 2
    return {
        "grant_org": [[other.code], ["ORG-9999"], ["ORG-9999"]],
        "grant_person": [[other.code, person.pk], ["ORG-9999", uuid4()], ["ORG-9999", uuid4()]],
        "grant_list": [[ScreeningList.objects.get().pk], *nothing],
        "grant_list_rule": [[rule.pk], *nothing],
        "grant_screening": [[awarded.ref, run.screening_id], *([[absent, uuid4()]] * 2)],
        "grant_screened": [[awarded.ref, run.pk], *([[absent, uuid4()]] * 2)],
        "grant_hit": [[awarded.ref, run.pk, 1], *([[absent, uuid4(), 1]] * 2)],
    }


def publishing_scenes(office: Any, fund: Any, awarded: Any) -> dict[str, list[list[Any]]]:
    """Who publishes, a file and a raise of a level, each of which waits."""
    from grants.services import publishing

    with acting(office.officer):
        row = publishing.enter_publisher(
            org_ref="XI-IATI-X", org_type="10", name_en="x", prefix="360G-x",
            licence="https://example.org/", by=office.officer,
        )  # fmt: skip
        file = publishing.ask_file("iati", fund, by=office.officer)
        change = publishing.change_level(awarded, "FULL", reason="x", by=office.officer)
    return {
        "grant_publisher": [[row.pk], [uuid4()], [uuid4()]],
        "grant_published": [[file.pk], [uuid4()], [uuid4()]],
        "grant_level": [[change.pk], [uuid4()], [uuid4()]],
    }


def report_scenes(office: Any, fund: Any) -> dict[str, list[list[Any]]]:
    """A run of a report, one that somebody waits for, and a figure of the fund's donor."""
    run = snapshots.take("months", {}, by=office.viewer)
    asked = ReportRequest.objects.create(
        by=office.viewer, report="payments", format="csv", language="en"
    )
    figure = figures.enter(
        fund, kind="receipt", amount_usd=100, on=today(), reference="LOC 1", by=office.officer
    )
    nothing: list[list[Any]] = [[uuid4()]] * 2
    return {
        "grant_slug": [["portfolio"], ["months"], ["months"]],
        "grant_run": [[run.number], [987654], [987654]],
        "grant_asked": [[asked.pk], *nothing],
        "grant_figure": [[figure.pk], *nothing],
        "grant_fund": [[fund.code], ["NOWHERE"], ["NOWHERE"]],
    }


def monitoring_scenes(office: Any, awarded: Any, absent: str) -> dict[str, list[list[Any]]]:
    """A visit made and one planned, a finding, a payroll list with a person; its officers."""
    now = today()
    visit = monitoring.record_visit(
        awarded, kind="routine", visited_on=now, seen="It stands.", by=office.monitor
    )
    planned = monitoring.plan_visit(awarded, kind="routine", due_on=now, by=office.officer)
    owner = Officer.objects.get(pk=office.officer.pk)
    finding = monitoring.raise_finding(
        awarded, severity="low", text="A gap.", due_on=now, owner=owner, by=office.monitor
    )
    made = payroll.begin_list(
        awarded,
        period_from=now,
        period_to=now,
        currency="IQD",
        control_total="25000",
        by=office.officer,
    )
    payroll.add_rows(made, [payroll.Worker("Reed Marsh", "1", "25000")], by=office.officer)
    nothing: list[list[Any]] = [[absent, uuid4()]] * 2
    return {
        "grant_visit": [[awarded.ref, visit.pk], *nothing],
        "grant_planned": [[awarded.ref, planned.pk], *nothing],
        "grant_report": [[awarded.ref, awarded.reports.get().pk], *nothing],
        "grant_finding": [[awarded.ref, finding.number], [absent, 1], [absent, 1]],
        # The list and the indicator of this number.
        "grant_row": [[awarded.ref, made.number], [absent, 1], [absent, 1]],
        "grant_row_row": [[awarded.ref, made.number, 1], [absent, 1, 1], [absent, 1, 1]],
        "grant_officer": [[office.requester.pk], [uuid4()], [uuid4()]],
    }


def paper_scenes(office: Any, awarded: Any, absent: str) -> dict[str, list[list[Any]]]:
    """A picture on file, a paper that comes later, and a pack that waits to be made."""
    photo = jpeg(3)
    paper = uploads.file_whole(
        awarded,
        name="x.jpg",
        chunks=[photo],
        size=len(photo),
        type="photo",
        language="none",
        by=office.monitor,
    )
    deferral = deferrals.defer(
        awarded,
        type="visit_report",
        due_on=today() + timedelta(days=3),
        reason="The road is cut.",
        by=office.officer,
    )
    pack = packs.ask(awarded, by=office.officer)
    nothing: list[list[Any]] = [[absent, uuid4()]] * 2
    return {
        "grant_paper": [[awarded.ref, paper.pk], *nothing],
        "grant_deferral": [[awarded.ref, deferral.pk], *nothing],
        "grant_pack": [[awarded.ref, pack.pk], *nothing],
        "grant_piece": [[awarded.ref, uuid4(), 0], [absent, uuid4(), 0], [absent, uuid4(), 0]],
    }


def money_scenes(office: Any, fund: Any, awarded: Any, absent: str) -> dict[str, list[list[Any]]]:
    """A payment that waits, the obligation, a stop, a rule, a seat and a rate, none confirmed."""
    payment = grants_office.ask(office, awarded.tranches.get(), 10)
    posting = awarded.entries.get(kind="OBLIGATE")
    with acting(office.officer):
        stop = stops.propose(fund, district=awarded.district, reason="why", by=office.officer)
        rate = rates.enter_rate(day=today(), source="CBI", iqd_per_usd=1310, by=office.officer)
    nothing: list[list[Any]] = [[uuid4()]] * 2
    return {
        "grant_payment": [[payment.pk], *nothing],
        "grant_posting": [[awarded.ref, posting.pk], [absent, 1], [absent, 1]],
        "grant_stop": [[stop.pk], *nothing],
        "grant_purse": [[fund.code], ["NOWHERE"], ["NOWHERE"]],
        "grant_rule": [[fund.rules.first().pk], *nothing],
        "grant_seat": [[fund.seats.first().pk], *nothing],
        "grant_rate": [[rate.pk], *nothing],
    }


def case_of(site: Any, make_user: Callable[..., Any]) -> Participant:
    """A participant of a worker of the site, who is in nobody's team."""
    carrier = make_user(Role.WORKER, site, username=f"carrier.{site.code.lower()}")
    return register_participant(
        site=site, facts=Facts(), identity={"alias": "Reed", "name": "Reed Marsh"}, by=carrier
    )


def edit_scenes(basrah: Any, zubair: Any, make_user: Callable[..., Any]) -> Any:
    """A case at each site with two aliases from which one is to be chosen."""
    found: list[list[Any]] = []
    for site in (basrah, zubair):
        editor = make_user(Role.WORKER, site, username=f"editor.{site.code.lower()}")
        case = register_participant(site=site, facts=Facts(), identity={}, by=editor)
        for alias in ("Reed", "Rush"):
            outcome = edits.edit_participant(case, typed={"alias": alias}, version=1, by=editor)
        found.append([case.code, outcome.conflicts[0].pk])
    return {"case_edits": [*found, ["P-0000", 987654]]}


def casework_scenes(basrah: Any, zubair: Any, make_user: Callable[..., Any]) -> Any:
    """A step, a referral, a note and a transfer of a case at each site, and who carries it."""
    found: dict[str, list[list[Any]]] = {
        name: [] for name in ("case_goal", "case_referral", "case_note", "transfer", "leaver")
    }
    for site in (basrah, zubair):
        carrier, receiver = (
            make_user(Role.WORKER, site, username=f"{name}.{site.code.lower()}")
            for name in ("leaver", "receiver")
        )
        case = register_participant(site=site, facts=Facts(), identity={}, by=carrier)
        record_consent(
            case,
            purposes=["case_work", "sharing"],
            manner="spoken",
            agreed_on=today(),
            by=carrier,
        )
        goal = plans.add_goal(case, domain="income", step="x", due_on=today(), by=carrier)
        sent = referrals.send(case, domain="income", provider="x", by=carrier)
        note = notes.write(case, kind="other", text="x", by=carrier)
        asked = transfers.ask(case, receiver, by=carrier)
        found["case_goal"].append([case.code, goal.pk])
        found["case_referral"].append([case.code, sent.pk])
        found["case_note"].append([case.code, note.pk])
        found["transfer"].append([asked.pk])
        found["leaver"].append([carrier.pk])
    for name, rows in found.items():
        rows.append([uuid4()] if name in {"transfer", "leaver"} else ["P-0000", uuid4()])
    return found


def fieldwork_scenes(basrah: Any, zubair: Any, make_user: Callable[..., Any]) -> Any:
    """Somebody at each site with a contact, an event, a shift and a log of today."""
    found: dict[str, list[list[Any]]] = {
        name: [] for name in ("fieldworker", "contact", "event", "shift", "daily_log")
    }
    for site in (basrah, zubair):
        who = make_user(Role.WORKER, site, username=f"fieldworker.{site.code.lower()}")
        case = register_participant(site=site, facts=Facts(), identity={}, by=who)
        contact = record_contact(case, mode="street", by=who)
        event = record_event(by=who, site=site, sort="canvass")
        shift = start_shift(by=who, site=site, back_at=periods.now() + timedelta(hours=1))
        log = write_log(periods.now().date(), by=who, minutes={"street": 60})
        found["fieldworker"].append([who.pk])
        found["contact"].append([contact.pk])
        found["event"].append([event.code])
        found["shift"].append([shift.pk])
        found["daily_log"].append([log.pk])
    for name, rows in found.items():
        rows.append(["EVT-2026-99999"] if name == "event" else [uuid4()])
    return {**found, "day": [[periods.now().date()]] * 3}


def conflict_scenes(here: Incident, there: Incident, make_user: Callable[..., Any]) -> Any:
    """A conflict of somebody at each site, with three sides and the site's incident."""
    leads = {
        site.pk: make_user(Role.WORKER, site, username=f"mediator.{site.code.lower()}")
        for site in (here.site, there.site)
    }
    made = [
        open_conflict(
            incident.site,
            facts={"kind": "land", "how_learned": "street", "place": incident.place},
            parties=[PartyFacts("person"), PartyFacts("group"), PartyFacts("family")],
            by=leads[incident.site_id],
            incident=incident,
        )
        for incident in (here, there)
    ]
    absent = "CON-9999"
    people = [leads[incident.site_id].pk for incident in (here, there)]
    return {
        "conflict": [[made[0].code], [made[1].code], [absent]],
        "conflict_side": [[made[0].code, 3], [made[1].code, 3], [absent, 3]],
        "conflict_incident": [
            [made[0].code, here.code],
            [made[1].code, there.code],
            [absent, here.code],
        ],
        "mediator": [[people[0]], [people[1]], [uuid4()]],
        "mediator_tie": [[people[0], uuid4()], [people[1], uuid4()], [uuid4(), uuid4()]],
    }


def supervision_scenes(here: Any, there: Any, make_user: Callable[..., Any]) -> Any:
    """At each site a supervisor who is away, one who stands in, and a worker with a sheet."""
    scenes: dict[str, list[list[Any]]] = {}
    for site in (here, there):
        name = site.code.lower()
        head = make_user(Role.SUPERVISOR, site, username=f"head.{name}")
        other = make_user(Role.SUPERVISOR, site, username=f"stand-in.{name}")
        led = make_user(Role.WORKER, site, username=f"led.{name}", supervisor=head)
        case = Participant.objects.create(
            code=f"P-77{site.pk:04}", site=site, worker=led, created_by=led, updated_by=led
        )
        week = Week.of(periods.now(), site.week_start).plus(-9)
        sheet = SupervisionSheet.objects.create(
            code=f"SUP-2026-9{site.pk:04}",
            site=site,
            worker=led,
            week_start=week.start,
            created_by=head,
        )
        decision = SupervisionDecision.objects.create(
            code=f"{sheet.code}-1",
            sheet=sheet,
            assignee=led,
            due_on=periods.now().date(),
            created_by=head,
        )
        sheet.signed_by, sheet.signed_at = head, periods.now()
        sheet.save()
        away = delegation.set_stand_in(
            head, other, starts_on=periods.now().date(), ends_on=periods.now().date(), by=head
        )
        task = worklist.add_task(
            led, "supervision.decision", subject=decision, due_at=periods.now(), by=head
        )
        for key, args in {
            "led": [led.pk, site.code],
            "sheet": [sheet.code],
            "decision": [decision.code],
            "approval": [approvals.ask(case, "plan", by=led).pk],
            "delegation": [away.pk],
            "task": [task.pk],
        }.items():
            scenes.setdefault(key, []).append(args)
    absent: dict[str, list[Any]] = {
        "led": [uuid4(), here.code],
        "sheet": ["SUP-1900-00001"],
        "decision": ["SUP-1900-00001-1"],
    }
    for key, found in scenes.items():
        found.append(absent.get(key, [987654]))
    return scenes


def incident_of(site: Any, make_user: Callable[..., Any]) -> Incident:
    """One that somebody of the site sent."""
    reporter = make_user(Role.INTERRUPTER, site, username=f"reporter.{site.code.lower()}")
    return create_incident(
        site=site,
        facts={
            "type": "MUR",
            "occurred_from": periods.now() - timedelta(days=1),
            "place": Place.objects.get(pcode="IQG02Q02N02"),
            "killed_best": 1,
        },
        sources=[SourceFacts("family", "C", "3")],
        by=reporter,
    )


def second_of(first: Incident) -> Incident:
    """Another one by the same reporter."""
    return create_incident(
        site=first.site,
        facts={
            "type": "MUR",
            "occurred_from": first.occurred_from,
            "place": first.place,
            "killed_best": 1,
        },
        sources=[SourceFacts("family", "C", "3")],
        by=first.reporter,
    )


def link_of(one: Incident, other: Incident) -> int:
    """A link that the reporter made."""
    return int(add_link(one, kind="same_event_as", to=other, by=one.reporter).pk)


def zone_of(site: Any) -> list[str]:
    """A beat of the site."""
    zone, _new = Zone.objects.get_or_create(
        site=site, code="NORTH-1", defaults={"name_en": "North", "name_ar": "الشمال"}
    )
    return [site.code, zone.code]


def submission_of(incident: Incident) -> int:
    """A form that came again with other content."""
    kept = ConflictingSubmission.objects.create(
        incident=incident, content={"killed_best": 2}, by=incident.reporter
    )
    return int(kept.pk)


def photo_of(incident: Incident) -> UUID:
    """A photo that the reporter added."""
    (photo,) = attachments.attach_photos(incident, [drawn()], by=incident.reporter).new
    return UUID(str(photo.pk))


def batch_of(site: Any) -> UUID:
    """An import that was done."""
    done = ImportBatch.State.IMPORTED
    return ImportBatch.objects.create(site=site, format="table", state=done, digest="0" * 64).pk


def mapping_of(person: Any, site: Any) -> UUID:
    """Columns that a colleague kept."""
    kept = ImportMapping.objects.create(site=site, name="Old list", signature="0" * 64, by=person)
    return UUID(str(kept.pk))


def notice_of(incident: Incident) -> int:
    """What its reporter was told of it."""
    worklist.notify([incident.reporter], "response.assigned", subject=incident)
    return int(worklist.Notification.objects.get(recipient=incident.reporter).pk)


def export_of(person: Any) -> UUID:
    """A long list that somebody asked for."""
    until = periods.now() + timedelta(hours=24)
    return ExportFile.objects.create(by=person, format="xlsx", language="en", expires_at=until).pk


def kept_of(person: Any, site: Any) -> UUID:
    """A filter that somebody shared with the team."""
    return SavedFilter.objects.create(
        owner=person, name="Killings", answers={"type": "MUR"}, shared_with=site
    ).pk


def bulk_of(person: Any) -> UUID:
    """One verb on many rows that somebody asked for."""
    return BulkAction.objects.create(key=uuid4(), by=person, verb="accept").pk


def plan_of(site: Any, make_user: Any) -> list[Any]:
    """What is judged of the program's effect, set down and not read."""
    EffectPlan.objects.create(
        site=site, number=1, starts_on=today(), treated=["IQG02Q02"], comparison=["IQG02Q03"],
        grounds="x", registered_by=make_user(Role.MANAGER, site, username=f"plans.{site.pk}"),
    )  # fmt: skip
    return [site.code, 1]


def recording_of(site: Any, make_user: Any) -> list[Any]:
    """A change of what the site records, noted and standing."""
    RecordingChange.objects.create(
        site=site, number=1, changed_on=today(), what="x",
        noted_by=make_user(Role.MANAGER, site, username=f"records.{site.pk}"),
    )  # fmt: skip
    return [site.code, 1]


def report_of(site: Any) -> list[str]:
    """A compiled draft of last week."""
    week = Week.of(today()).previous()
    CoveragePeriod.objects.create(site=site, start=week.plus(-9).start)
    compile_week(site=site, week_start=week.start)
    return [site.code, str(week)]


def key_of_report(site: Any) -> UUID:
    """The report of `report_of` by its key."""
    return WeeklyReport.objects.get(site=site).pk


def pack_of(person: Any) -> UUID:
    """An evaluator's pack that somebody asked for."""
    now = periods.now()
    return EvaluatorsPack.objects.create(
        by=person, cut=now, expires_at=now + timedelta(hours=24)
    ).pk


def ask(client: Client, name: str, method: str, arguments: list[Any]) -> Any:
    path = reverse(name, args=arguments)
    return client.get(path) if method == "GET" else client.post(path)


def cast_of(basrah: Any, make_user: Callable[..., Any]) -> dict[str, Any]:
    """One person of each role; those of the program at Basrah Centre."""
    from ceasefire.people.roles import ALL_SITE_ROLES

    return {
        short: make_user(
            role, *([] if role in ALL_SITE_ROLES else [basrah]), username=f"cast.{short}"
        )
        for short, role in COLUMNS.items()
    }


def test_every_address_has_a_row():
    named = {name for name, _method, _scene, _statuses in TABLE}

    assert {name for name, _path, _view in URLS} == named | set(OPEN_VIEWS) | API_VIEWS


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "method", "scene", "statuses"), TABLE, ids=[f"{n} {m}" for n, m, _s, _x in TABLE]
)
def test_the_table_holds(name, method, scene, statuses, scenes, become, client):
    found = {}
    for short in COLUMNS:
        become(short)
        found[short] = str(ask(client, name, method, scenes[scene][0]).status_code)

    assert found == dict(zip(COLUMNS, statuses.split(), strict=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "method", "scene", "_statuses"), TABLE, ids=[f"{n} {m}" for n, m, _s, _x in TABLE]
)
def test_who_is_signed_out_is_asked_to_sign_in(name, method, scene, _statuses, scenes, client):
    answer = ask(client, name, method, scenes[scene][0])

    assert answer.status_code == 302
    to = "/" if name == "account_logout" else "/accounts/login/"
    assert answer["Location"].startswith(to)


def comparable(answer: Any) -> tuple[int, str]:
    """Status and body without what differs from page to page by nature (tokens, the address)."""
    import re

    body = answer.content.decode()
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", body)
    body = re.sub(r'X-CSRFToken": "[^"]+"', "", body)
    return answer.status_code, re.sub(r'name="next" value="[^"]*"', "", body)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "method", "scene"),
    [
        (n, m, s)
        for n, m, s, _x in TABLE
        if s
        not in {
            "",
            "absent_number",
            "chart",
            "day",
            "grant_slug",
            "outlines",
            "place",
            "site",
            "user",
            "token",
        }
    ],
    ids=[
        f"{n} {m}"
        for n, m, s, _x in TABLE
        if s
        not in {
            "",
            "absent_number",
            "chart",
            "day",
            "grant_slug",
            "outlines",
            "place",
            "site",
            "user",
            "token",
        }
    ],
)
def test_another_sites_record_answers_exactly_like_an_absent_one(
    name, method, scene, scenes, become, client
):
    _own, foreign, absent = scenes[scene]
    for short, role in COLUMNS.items():
        if role == Role.ADMINISTRATOR:
            continue  # keeps the jobs of every site
        become(short)
        seen = comparable(ask(client, name, method, foreign))
        assert seen == comparable(ask(client, name, method, absent)), short
        assert seen[0] in {403, 404}, short
