"""Which fields say something about a person, why they are kept, and for how long.

Pure description, no behaviour. `docs/data-dictionary.md` is written from it and from the models
(`manage.py data_dictionary`), and tests/oversight/test_dictionary.py fails while a field that can
hold text, a structure, an address or a reference to a user is in none of the three tables below.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Retention:
    """How long a class of data is kept, what happens then, and if the program does it itself."""

    title: str
    period: str
    then: str
    automatic: bool


@dataclass(frozen=True)
class Personal:
    """Why a personal field is kept, and under which class of `RETENTION`."""

    purpose: str
    retention: str


RETENTION: dict[str, Retention] = {
    "case": Retention(
        "Case record",
        "while the site works, and five years after it ended",
        "Texts, ages, points and outcomes are emptied; type, district, week and counts stay.",
        automatic=False,
    ),
    "identity": Retention(
        "Identity in the vault",
        "until the row it belongs to is taken away; at most two years after the event",
        "The sealed text and its blind index are deleted; the record stays without a name.",
        automatic=False,
    ),
    "import": Retention(
        "File under import",
        "24 hours from the upload, or until it was read in or thrown away",
        "The sealed file is deleted; counts, refusals and its digest stay with the batch.",
        automatic=True,
    ),
    "photo": Retention(
        "Photo of an incident",
        "as long as the incident; 30 days after it was removed, at once with a discarded draft",
        "The sealed picture and its thumbnail are deleted; the row stays, without the picture.",
        automatic=True,
    ),
    "export": Retention(
        "File made for taking out",
        "24 hours from the asking",
        "The sealed file and the row are deleted; that it was made and taken stays in the trail.",
        automatic=True,
    ),
    "account": Retention(
        "Staff account",
        "while the person works for the program, and two years after",
        "User name and preferences are emptied; the code name stays, since the trail names it.",
        automatic=False,
    ),
    "trace": Retention(
        "Who did it",
        "as long as the record it stands on",
        "Goes with the record. It names a code name, never a real name.",
        automatic=True,
    ),
    "session": Retention(
        "Sign-in",
        "12 hours after the last page, failures 24 hours, used links 30 days",
        "Deleted by the daily job accounts.clear_expired.",
        automatic=True,
    ),
    "operation": Retention(
        "Running of the program",
        "one year",
        "Deleted; what matters of it stands in the trail.",
        automatic=False,
    ),
    "notice": Retention(
        "Notice to a person",
        "180 days, read or not",
        "Deleted by the daily job worklist.clear_old; what it told of stands in the records.",
        automatic=True,
    ),
    "trail": Retention(
        "Audit trail",
        "for good",
        "Nothing is removed: the chain would break. It holds codes and keyed hashes, no identity.",
        automatic=True,
    ),
    "report": Retention(
        "Approved report",
        "for good",
        "Nothing is removed: an approved report never changes. It holds counts and text about "
        "places, no person.",
        automatic=True,
    ),
}

_WHO = "Who did it, for review and for questions later"
_COUNT = "Understand the violence; say who is harmed, in counts"

PERSONAL: dict[str, Personal] = {
    # staff
    "people.User.password": Personal("Sign in; Argon2 hash only", "account"),
    "people.User.last_login": Personal("Find accounts nobody uses", "account"),
    "people.User.username": Personal("Sign in; not a real name", "account"),
    "people.User.code_name": Personal("How others see the person instead of a name", "account"),
    "people.User.role": Personal("What the person may do", "account"),
    "people.User.duties": Personal("What REO staff are entrusted with", "account"),
    "people.User.sites": Personal("Whose records the person may see", "account"),
    "people.User.supervisor": Personal("Who reviews the person's work", "account"),
    "people.User.language": Personal("Show pages in the person's language", "account"),
    "people.User.digits": Personal("Show numbers in the person's digits", "account"),
    "people.User.expires_on": Personal("End the access in time", "account"),
    "people.SignInFailure.who": Personal("Lock out who guesses; keyed hash", "session"),
    "people.SignInFailure.address": Personal("Lock out who guesses; keyed hash", "session"),
    "people.OneTimeLink.user": Personal("Whose password the link sets", "session"),
    "people.OneTimeLink.digest": Personal("Know the link again; hash only", "session"),
    "people.OneTimeLink.created_by": Personal(_WHO, "session"),
    "api.DeviceToken.user": Personal("Whose device it is", "session"),
    "api.DeviceToken.device": Personal("Tell one's devices apart; not a name", "session"),
    "api.DeviceToken.digest": Personal("Know the device's token again; hash only", "session"),
    "api.DeviceToken.revoked_by": Personal(_WHO, "session"),
    "people.PendingChange.subject": Personal("Whose access the change is about", "account"),
    "people.PendingChange.role": Personal("The role that is asked for", "account"),
    "people.PendingChange.reason": Personal("Let the second person judge", "account"),
    "people.PendingChange.asked_by": Personal(_WHO, "account"),
    "people.PendingChange.confirmed_by": Personal(_WHO, "account"),
    # the running of the program
    "jobs.Job.by": Personal("Show people their own jobs", "operation"),
    "audit.AuditEvent.actor": Personal(_WHO, "trail"),
    "audit.AuditEvent.actor_name": Personal("The code name at that time", "trail"),
    "audit.AuditEvent.acting_id": Personal("Check on the actor by the database", "trail"),
    "audit.AuditEvent.subject_id": Personal("Which record; a code or key, no name", "trail"),
    "audit.AuditEvent.reason": Personal("Why a name was read or a record changed", "trail"),
    "audit.AuditEvent.detail": Personal("Codes and numbers of the change, no names", "trail"),
    "audit.AuditEvent.address_hash": Personal("Same place or not; keyed hash", "trail"),
    "audit.AuditEvent.session_hash": Personal("Same session or not; keyed hash", "trail"),
    # the vault
    "vault.Sealed.row": Personal("Which record the sealed field belongs to", "identity"),
    "vault.Sealed.ciphertext": Personal("The sealed fields listed below", "identity"),
    "vault.Sealed.updated_by": Personal(_WHO, "identity"),
    "vault.BlindIndex.row": Personal("Which record the indexed field belongs to", "identity"),
    "vault.BlindIndex.digest": Personal("Find a name exactly; keyed digest", "identity"),
    "vault.RevealCount.user": Personal("At most 15 reveals a person and day", "operation"),
    # photos
    "attachments.Attachment.caption": Personal("What a photo shows, written without names", "case"),
    "attachments.Attachment.created_by": Personal(_WHO, "trace"),
    "attachments.Attachment.removed_by": Personal(_WHO, "trace"),
    "attachments.Attachment.removed_reason": Personal("Why a photo was taken away", "case"),
    "attachments.AttachmentContent.picture": Personal(
        "See what happened; sealed, redrawn, without place, time or phone", "photo"
    ),
    "attachments.AttachmentContent.thumbnail": Personal(
        "Choose among photos; sealed like the picture", "photo"
    ),
    # incidents
    "incidents.Incident.reporter": Personal("Who may edit it; whom to ask", "trace"),
    "incidents.Incident.occurred_from": Personal(_COUNT, "case"),
    "incidents.Incident.place": Personal("Where help and mediation are needed", "case"),
    "incidents.Incident.lat": Personal("Where it was; shown only when known that well", "case"),
    "incidents.Incident.lon": Personal("Where it was; shown only when known that well", "case"),
    "incidents.Incident.summary": Personal("What happened, written without names", "case"),
    "incidents.Incident.search_key": Personal("Find a record by its words", "case"),
    "incidents.Incident.source_key": Personal(
        "Find a record by what sources said, for those who may read it", "case"
    ),
    "incidents.SearchWord.word": Personal("Know which word a misspelled one means", "case"),
    "incidents.SearchWord.keys": Personal("Find that word by its letters and its sound", "case"),
    "incidents.Incident.returned_reason": Personal("What the reporter should mend", "case"),
    "incidents.Incident.verification_reason": Personal("Why a grade was changed", "case"),
    "incidents.Incident.updated_by": Personal(_WHO, "trace"),
    "incidents.Incident.original": Personal("The outside row, without its sources", "case"),
    "incidents.Source.text": Personal("What was said, written without names", "case"),
    "incidents.Source.created_by": Personal(_WHO, "trace"),
    "incidents.Victimization.sex": Personal(_COUNT, "case"),
    "incidents.Victimization.age": Personal("Know minors, who need care of their own", "case"),
    "incidents.Victimization.age_band": Personal("Know minors; counts by age group", "case"),
    "incidents.Victimization.roles": Personal("See who is targeted", "case"),
    "incidents.Victimization.nationality": Personal("See who is targeted", "case"),
    "incidents.Victimization.harm": Personal(_COUNT, "case"),
    "incidents.Victimization.gunshot": Personal(_COUNT, "case"),
    "incidents.Victimization.hospital": Personal("Know where to visit", "case"),
    "incidents.Victimization.outcome": Personal("Know what became of the person", "case"),
    "incidents.Victimization.outcome_on": Personal("Know what became of the person", "case"),
    "incidents.IncidentActor.named_group": Personal("See patterns; managers only", "case"),
    "incidents.IncidentActor.note": Personal("See patterns: uniform, vehicle", "case"),
    "incidents.IncidentStep.reason": Personal("Why a record was moved", "case"),
    "incidents.IncidentStep.by": Personal(_WHO, "trace"),
    "incidents.IncidentRevision.reason": Personal("Why an accepted record was changed", "case"),
    "incidents.IncidentRevision.changes": Personal("What it said before and after", "case"),
    "incidents.IncidentRevision.by": Personal(_WHO, "trace"),
    "incidents.IncidentLink.created_by": Personal(_WHO, "trace"),
    "incidents.IncidentMerge.reason": Personal("Why two records were made one", "case"),
    "incidents.IncidentMerge.by": Personal(_WHO, "trace"),
    "incidents.IncidentMerge.before": Personal("Undo a merge exactly", "case"),
    "incidents.IncidentMerge.after": Personal("Know whether a merge can be undone", "case"),
    "incidents.IncidentMerge.undone_by": Personal(_WHO, "trace"),
    "incidents.IncidentMerge.undone_reason": Personal("Why a merge was undone", "case"),
    "incidents.NotATwin.by": Personal(_WHO, "trace"),
    "incidents.SecondReport.content": Personal("Lose nothing that was typed", "case"),
    "incidents.SecondReport.by": Personal(_WHO, "trace"),
    "incidents.ConflictingSubmission.content": Personal("Lose nothing that was typed", "case"),
    "incidents.ConflictingSubmission.by": Personal(_WHO, "trace"),
    "incidents.ConflictingSubmission.settled_by": Personal(_WHO, "trace"),
    "incidents.ImportBatch.by": Personal(_WHO, "trace"),
    "incidents.ImportBatch.rejects": Personal("Say which cell is wrong; no source's name", "case"),
    "incidents.ImportBatch.warnings": Personal("Say what was odd; no source's name", "case"),
    "incidents.ImportFile.ciphertext": Personal("Read the file in; sealed", "import"),
    "incidents.ImportFindings.ciphertext": Personal("Show what a check found; sealed", "import"),
    "incidents.ImportMapping.by": Personal(_WHO, "trace"),
    "incidents.ExportFile.by": Personal("Whose file it is; nobody else's", "export"),
    "incidents.ExportFile.sought": Personal("Words searched for, until it is made", "export"),
    "incidents.ExportFile.ciphertext": Personal("Hand over a long list; sealed", "export"),
    "incidents.SavedFilter.owner": Personal("Whose filter it is", "trace"),
    "incidents.SavedFilter.name": Personal("Find the filter again; written without names", "case"),
    "incidents.BulkAction.by": Personal(_WHO, "trace"),
    "incidents.BulkAction.reason": Personal("Why many were returned, without names", "case"),
    "incidents.ImportChange.before": Personal("Undo a batch; no names", "case"),
    "incidents.IncidentResponse.assigned_to": Personal("Who is to answer it", "trace"),
    "incidents.IncidentResponse.next_step": Personal("What is next, without names", "case"),
    "incidents.ResponseAction.by": Personal(_WHO, "trace"),
    "incidents.ResponseAction.next_step": Personal("What is next, without names", "case"),
    "incidents.ResponseAction.words": Personal("What came of it, without names", "case"),
    "incidents.RetaliationWatch.opened_by": Personal(_WHO, "trace"),
    "incidents.RetaliationWatch.victim_side": Personal("Who watches that side", "trace"),
    "incidents.RetaliationWatch.other_side": Personal("Who watches that side", "trace"),
    "incidents.WatchCheck.by": Personal(_WHO, "trace"),
    "incidents.WatchCheck.words": Personal("How it is there, without names", "case"),
    # the worklist
    "worklist.Notification.recipient": Personal("Whom it tells", "notice"),
    # reports
    "reports.WeeklyReport.narrative_en": Personal("What the week means, without names", "report"),
    "reports.WeeklyReport.narrative_ar": Personal("What the week means, without names", "report"),
    "reports.WeeklyReport.narrative_by": Personal(_WHO, "trace"),
    "reports.WeeklyReport.compiled_by": Personal(_WHO, "trace"),
    "reports.WeeklyReport.frozen_by": Personal(_WHO, "trace"),
    # other people's tables
    "sessions.Session.session_key": Personal("Stay signed in", "session"),
    "sessions.Session.session_data": Personal("Stay signed in: who, since when", "session"),
    "mfa.Authenticator.user": Personal("Whose second step it is", "account"),
    "mfa.Authenticator.data": Personal(
        "The second step's secret and recovery codes, sealed", "account"
    ),
    "usersessions.UserSession.user": Personal("Show people where they are signed in", "session"),
    "usersessions.UserSession.session_key": Personal("End a session from elsewhere", "session"),
    "usersessions.UserSession.user_agent": Personal(
        "Know one's own phone again: browser and kind of device only", "session"
    ),
    # rules
    "rulesets.Ruleset.created_by": Personal(_WHO, "trace"),
    "rulesets.Ruleset.approved_by": Personal(_WHO, "trace"),
    # outreach
    "outreach.Participant.worker": Personal("Who carries the case and may read it", "trace"),
    "outreach.Participant.status": Personal("What the case needs next", "case"),
    "outreach.Participant.pause_reason": Personal("Know why nobody goes there now", "case"),
    "outreach.Participant.close_reason": Personal("See how cases end, in counts", "case"),
    "outreach.Participant.sex": Personal("Send the right person; counts", "case"),
    "outreach.Participant.age_band": Personal("See who is reached, in counts", "case"),
    "outreach.Participant.language": Personal("Speak with the person", "case"),
    "outreach.Participant.safety_flags": Personal("Harm nobody, staff or participant", "case"),
    "outreach.Participant.risk_signal": Personal("Go first where harm is near", "case"),
    "outreach.Participant.created_by": Personal(_WHO, "trace"),
    "outreach.Participant.updated_by": Personal(_WHO, "trace"),
    "outreach.CaseMember.user": Personal("Who else works the case and may read it", "trace"),
    "outreach.CaseMember.added_by": Personal(_WHO, "trace"),
    "outreach.ParticipantStep.reason": Personal("Why a case was moved", "case"),
    "outreach.ParticipantStep.worker": Personal("Count past weeks as they were", "trace"),
    "outreach.ParticipantStep.by": Personal(_WHO, "trace"),
    "outreach.Delegation.from_user": Personal("Whose team somebody stands in for", "trace"),
    "outreach.Delegation.to_user": Personal("Who may read the team's cases meanwhile", "trace"),
    "outreach.Delegation.created_by": Personal(_WHO, "trace"),
    "outreach.Contact.mode": Personal("How the participant was met, against the standard", "case"),
    "outreach.Contact.topics": Personal("What was spoken of, without words", "case"),
    "outreach.Contact.risk_signal": Personal("Go first where harm is near", "case"),
    "outreach.Contact.accompanied_by": Personal("Who else was there and can be asked", "trace"),
    "outreach.Contact.created_by": Personal(_WHO, "trace"),
    "outreach.ContactTakenBack.reason": Personal("Why a contact does not count", "case"),
    "outreach.ContactTakenBack.by": Personal(_WHO, "trace"),
    "outreach.CaseloadOverride.worker": Personal("Who carries more than the cap", "trace"),
    "outreach.CaseloadOverride.by": Personal(_WHO, "trace"),
}

#: Fields that are in no table: the vault keeps them, sealed, under the record's key.
SEALED: dict[str, Personal] = {
    "incidents.SavedFilter.words": Personal("Search for the same words again", "identity"),
    "incidents.Source.name": Personal("Ask the source again; know the same source", "identity"),
    "incidents.Source.contact": Personal("Ask the source again", "identity"),
    "incidents.Victimization.name": Personal("Visit the family; know a person again", "identity"),
    "incidents.ConflictingSubmission.names": Personal("Lose nothing that was typed", "identity"),
    "incidents.SecondReport.names": Personal("Lose nothing that was typed", "identity"),
    "outreach.Participant.name": Personal("Find the person; never on a screen unasked", "identity"),
    "outreach.Participant.alias": Personal("What the case team calls the person", "identity"),
    "outreach.Participant.phone": Personal("Reach the person", "identity"),
    "outreach.Participant.address": Personal("Reach the person", "identity"),
    "outreach.Participant.family": Personal("Know whom to ask in danger", "identity"),
    "outreach.Participant.tribe": Personal("Send somebody neutral", "identity"),
    "outreach.Contact.note": Personal("Know next time what was said", "identity"),
    "outreach.CaseloadOverride.reason": Personal("Know why a caseload is above the cap", "case"),
}

#: Text-like fields, structures and references that say nothing about a person, and why.
#: `app.Model.*` speaks for every field of a model that is not in `PERSONAL`.
NOT_PERSONAL: dict[str, str] = {
    "codes.Code.*": "public code lists",
    "codes.Counter.*": "numbers given",
    "places.Place.*": "public geography",
    "places.Site.*": "the program's areas",
    "places.Zone.*": "the program's areas",
    "jobs.Job.*": "kinds, states and keys of records; names are refused in it",
    "jobs.PeriodicRun.*": "the calendar",
    "audit.AuditEvent.verb": "a word of ours",
    "audit.AuditEvent.subject_label": "the kind of record",
    "audit.AuditEvent.fields": "names of fields, not what they hold",
    "audit.AuditEvent.database_role": "one of three roles of the program",
    "audit.AuditEvent.prev": "a hash of the trail",
    "audit.AuditEvent.hash": "a hash of the trail",
    "vault.Sealed.table": "the name of a table",
    "vault.Sealed.column": "the name of a column",
    "vault.Sealed.key_id": "the name of a key",
    "vault.BlindIndex.table": "the name of a table",
    "vault.BlindIndex.column": "the name of a column",
    "attachments.Attachment.subject_model": "the kind of record",
    "attachments.Attachment.media_type": "always image/jpeg",
    "attachments.Attachment.sha256": "a hash of the redrawn picture, never of the file",
    "attachments.AttachmentContent.key_id": "the name of a key",
    "incidents.Incident.code": "a number",
    "incidents.Incident.subtype": "a finer kind of event",
    "incidents.Incident.content_hash": "a keyed hash of what a form held",
    "incidents.Incident.verification_rule": "the name of a rule",
    "incidents.Incident.origin": "the name of an outside list",
    "incidents.Incident.origin_id": "the key of a row in an outside list",
    "incidents.IncidentStep.from_state": "a state",
    "incidents.IncidentStep.to_state": "a state",
    "incidents.IncidentLink.kind": "a kind of link",
    "incidents.IncidentMerge.moved": "keys of rows",
    "incidents.SecondReport.content_hash": "a keyed hash of what a form held",
    "api.DeviceToken.prefix": "a mark of ours",
    "api.DeviceToken.scopes": "fixed words",
    "outreach.Participant.code": "a number",
    "outreach.Participant.content_hash": "a keyed hash of what a form held",
    "outreach.ParticipantStep.from_status": "a state",
    "outreach.ParticipantStep.to_status": "a state",
    "incidents.ImportBatch.digest": "a hash of a file",
    "incidents.ImportBatch.mapping": "names of columns",
    "incidents.ImportBatch.values": "words of a list's columns and the codes they mean",
    "incidents.ImportBatch.signature": "a hash of names of columns",
    "incidents.ImportFile.key_id": "the name of a key",
    "incidents.ImportFindings.key_id": "the name of a key",
    "incidents.ImportMapping.name": "what a kind of file is called",
    "incidents.ImportMapping.signature": "a hash of names of columns",
    "incidents.ImportMapping.columns": "names of columns",
    "incidents.ImportMapping.values": "words of a list's columns and the codes they mean",
    "incidents.ExportFile.options": "how the file is written",
    "incidents.SavedFilter.answers": "codes and days of the filters, no searched words",
    "incidents.BulkRow.refusal": "the name of a refusal",
    "incidents.ExportFile.filters": "codes and days of the filters, no searched words",
    "incidents.ExportFile.language": "en or ar",
    "incidents.ExportFile.key_id": "the name of a key",
    "rulesets.Ruleset.kind": "a kind of rules",
    "rulesets.Ruleset.content": "numbers and the wording of criteria",
    "worklist.Notification.kind": "a word of ours",
    "worklist.Notification.subject_label": "the kind of record",
    "worklist.Notification.subject_code": "a code",
    "worklist.Notification.key": "kind and code",
    "reports.WeeklyReport.body": "counts by district and type, sentences about them",
    "reports.WeeklyReport.basis": "the numbers behind the report",
    "reports.WeeklyReport.checksum": "a hash of the report",
    "reports.WeeklyReport.body_open": "the same without sensitive incidents",
    "reports.WeeklyReport.basis_open": "the numbers behind that",
    "reports.WeeklyReport.checksum_open": "a hash of the open version",
    "reports.SharedWeeklyReport.*": "suppressed counts, names of places",
    "auth.Group.*": "not used: roles stand in ceasefire/people/roles.py",
    "auth.Permission.*": "not used: roles stand in ceasefire/people/roles.py",
    "contenttypes.ContentType.*": "names of models",
    "account.EmailAddress.*": "not used: the program has no e-mail addresses",
    "account.EmailConfirmation.*": "not used: the program has no e-mail addresses",
    "usersessions.UserSession.ip": "always 0.0.0.0: no address is kept (accounts/devices.py)",
    "usersessions.UserSession.data": "always empty",
}

#: Fields that hold a code of a list in `codes.Code`, as against free text.
CODE_LISTS: dict[str, str] = {
    "incidents.Incident.type": "incident_type",
    "incidents.Incident.time_precision": "time_precision",
    "incidents.Incident.time_of_day": "time_of_day",
    "incidents.Incident.geo_precision": "geo_precision",
    "incidents.Incident.place_type": "place_type",
    "incidents.Incident.motive": "motive",
    "incidents.Incident.method": "method",
    "incidents.Incident.weapons": "weapon",
    "incidents.Incident.sharing": "sharing",
    "incidents.Source.kind": "source_kind",
    "incidents.Source.reliability": "reliability",
    "incidents.Source.credibility": "credibility",
    "incidents.Victimization.harm": "harm",
    "incidents.Victimization.sex": "sex",
    "incidents.Victimization.age_band": "age_band",
    "incidents.Victimization.roles": "victim_role",
    "incidents.Victimization.gunshot": "yes_no_unknown",
    "incidents.Victimization.hospital": "yes_no_unknown",
    "incidents.Victimization.outcome": "outcome",
    "incidents.IncidentActor.category": "actor_category",
    "incidents.IncidentActor.certainty": "actor_certainty",
    "incidents.IncidentActor.count_band": "count_band",
    "incidents.ResponseAction.kind": "response_action",
    "incidents.WatchCheck.finding": "watch_finding",
}

#: Tables without a model.
OTHER_TABLES: dict[str, str] = {
    "database_cache": "Django's cache: one-time codes already used, by the user's key; minutes.",
    "django_migrations": "Which migrations ran. Nothing personal.",
}
