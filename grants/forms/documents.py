"""What is asked of a paper: what it is, in which language, of which day, and the file."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.forms import DayField
from grants.forms.fields import PlainText
from grants.forms.proposals import NO_ANSWER, PastDayField
from grants.models import (
    DEFERRABLE,
    DEFERRED_FOR,
    STAGE_OF,
    Document,
    DocumentType,
    PaperNeed,
    Stage,
)
from grants.services import kinds, uploads


def type_choices() -> list[Any]:
    """Every type, under the stage it belongs to; those of any stage last."""
    groups: list[Any] = [
        (
            stage.label,
            [(one.value, one.label) for one in DocumentType if STAGE_OF.get(one.value) == stage],
        )
        for stage in Stage
    ]
    free = [(one.value, one.label) for one in DocumentType if one.value not in STAGE_OF]
    return [NO_ANSWER, *(group for group in groups if group[1]), (_("Of any stage"), free)]


class PaperForm(PlainText):
    """A paper to be filed. The file comes with the form, or came before it piece by piece."""

    use_required_attribute = False

    type = forms.ChoiceField(label=_("What it is"))
    stage = forms.ChoiceField(
        label=_("Stage"),
        required=False,
        choices=[("", _("The one it belongs to")), *Stage.choices],
        help_text=_("Asked for a photo, a memo or another paper."),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[NO_ANSWER, *Document.Language.choices]
    )
    dated = PastDayField(label=_("Day written on it"), required=False)
    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=160,
        help_text=_("No names of persons."),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=format_lazy(
            _(
                "PDF up to {pdf} MB, pictures up to {picture} MB, docx, xlsx, odt, ods, txt, csv. "
                "Its name is not kept; of a picture nothing that the camera wrote into it."
            ),
            pdf=kinds.PDF.most // kinds.MEGABYTE,
            picture=kinds.JPEG.most // kinds.MEGABYTE,
        ),
        widget=forms.FileInput(attrs={"accept": kinds.ACCEPT, "data-paper": ""}),
        error_messages={"required": _("Choose a file."), "empty": kinds.REASONS["empty"]},
    )
    #: The upload that the script made, and the hash over the hashes of its pieces.
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    pieces_sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, supersedes: Document | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = type_choices()
        # What came piece by piece is not asked for again.
        self.fields["file"].required = not (self.is_bound and self.data.get("upload"))
        if supersedes is not None:
            # A later version is of the same kind, on the same stage.
            del self.fields["type"], self.fields["stage"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        file = given.get("file")
        if file is None and given.get("upload") is None and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        elif file is not None and file.size > uploads.PLAIN:
            self.add_error("file", TOO_LARGE_AT_ONCE)
        return given


#: Said of a file that came in one request and is too large for that.
TOO_LARGE_AT_ONCE = format_lazy(
    _(
        "A file of more than {megabytes} MB is sent in pieces, which this browser did not do. "
        "Allow scripts for this page, or save the file smaller."
    ),
    megabytes=uploads.PLAIN // kinds.MEGABYTE,
)


class DeferForm(PlainText):
    """Which paper comes later, until when, and why."""

    use_required_attribute = False

    type = forms.ChoiceField(label=_("Paper"))
    due_on = DayField(label=_("It comes by"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept for good and read by auditors. No names of persons."),
    )

    def __init__(self, *args: Any, needs: list[PaperNeed], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lacking = {one.type for one in needs if one.document_id is None and one.deferral_id is None}
        self.fields["type"].choices = [
            NO_ANSWER,
            *((one.value, one.label) for one in DEFERRABLE if one.value in lacking),
        ]
        last = periods.now().date() + timedelta(days=DEFERRED_FOR.days)
        self.fields["due_on"].help_text = _("At the latest on %(day)s.") % {
            "day": f"{last.day:02}/{last.month:02}/{last.year}"
        }

    @property
    def has_choices(self) -> bool:
        """Whether any missing paper may come later at all."""
        return len(self.fields["type"].choices) > 1
