"""Forms of the import pages: which file, which column is which, and whether to go on."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.exports.cells import clean_text
from ceasefire.look.forms import NormalisedForm
from ceasefire.places.models import Site
from ceasefire.text import search_key
from incidents.importing import checking, table, workbook
from incidents.importing.plan import look_through
from incidents.importing.problems import FileRefused, Problem
from incidents.importing.reading import Sheet, as_kept
from incidents.models import ImportMapping

LARGEST = 50 * 1024 * 1024
#: How many characters of a first value stand beside a column's name.
SHOWN = 24


class UploadForm(NormalisedForm):
    """A CSV or XLSX file, what kind of list it is, and where its rows belong."""

    format = forms.ChoiceField(
        label=_("Kind of list"),
        choices=[
            ("table", _("Our own table, a spreadsheet, or an export of Kobo or ODK")),
            ("ucdp-ged", _("UCDP GED, as published")),
            ("acled", _("ACLED, as downloaded")),
        ],
        initial="table",
        widget=forms.RadioSelect,
    )
    site = forms.ChoiceField(label=_("Site that the rows belong to"))
    default_state = forms.ChoiceField(
        label=_("Rows of a table that name no state"),
        choices=[
            ("submitted", _("go to the review")),
            ("accepted", _("are accepted; they were reviewed before")),
        ],
        initial="submitted",
        widget=forms.RadioSelect,
    )
    all_sensitive = forms.BooleanField(
        label=_(
            "Rows may concern minors or staff: hide all of this batch from who may not see "
            "sensitive records"
        ),
        help_text=_("Then only supervisors and managers see these records, on no map."),
        required=False,
    )
    file = forms.FileField(
        label=_("CSV or XLSX file"),
        help_text=_("At most 50 MB, as XLSX 15 MB. Exports of Kobo and ODK too."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,.txt,.tsv,.xlsx"}),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )

    def __init__(self, *args: Any, sites: list[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites = {site.code: site for site in sites}
        self.fields["site"].choices = [(site.code, site.name) for site in sites]
        self.content = b""
        self.sheet: Sheet | None = None
        self.columns: dict[str, str] = {}
        #: Remarks on a workbook, from when it became text.
        self.remarks: list[Problem] = []

    def clean_file(self) -> Any:
        """Read the file: what is no list of events is refused here, with the reason.

        A long workbook is read by a worker: `sheet` stays empty.
        """
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST:
            raise ValidationError(Problem(1, "", "file_too_large").reason, code="file_too_large")
        chosen = self.cleaned_data.get("format", "")
        try:
            given = upload.read()
            if workbook.is_workbook(given) and workbook.is_long(given):
                self.content = given
                return upload
            self.content, self.remarks = as_kept(given)
            self.sheet = look_through(self.content, chosen)
            if chosen:
                self.columns = checking.columns_found(chosen, self.sheet)
        except FileRefused as refused:
            raise ValidationError(worded(refused), code=refused.problem.code) from None
        return upload

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["site_row"] = self.sites.get(given.get("site", ""))
        return given


def worded(refused: FileRefused) -> str:
    """A refusal of a file with the column it is about."""
    problem = refused.problem
    about = f" {problem.column}" if problem.column else ""
    if not about and problem.row > 1:
        about = f" ({gettext('Row')} {problem.row})"
    return f"{problem.reason}{about}"


class ColumnsForm(NormalisedForm):
    """For each of our columns, which of the file's it is. Columns are chosen by position."""

    def __init__(
        self,
        *args: Any,
        sheet: Sheet,
        chosen: dict[str, str],
        saved: ImportMapping | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        first = sheet.rows[0].cells if len(sheet.rows) else {}
        names = sheet.columns
        self.by_position = {f"c{at}": name for at, name in enumerate(names)}
        positions = {name: at for at, name in self.by_position.items()}
        choices = [("", gettext("– not in this file –"))]
        for at, name in self.by_position.items():
            value = clean_text(first.get(name, "")).strip()
            hidden = chosen.get("source_name") == name
            shown = f" ({value[:SHOWN]}{'…' if len(value) > SHOWN else ''})" if value else ""
            choices.append((at, clean_text(name) + ("" if hidden else shown)))
        for column in table.TAKEN:
            self.fields[column.key] = forms.ChoiceField(
                label=f"{column.label}",
                help_text=column.key,
                choices=choices,
                required=column.key in table.REQUIRED and column.key != "place",
                initial=positions.get(chosen.get(column.key, ""), ""),
            )
        self.fields["keep_as"] = forms.CharField(
            label=_("Keep these columns under a name"),
            help_text=_("The next file with the same columns is then read without asking."),
            max_length=60,
            required=False,
            initial=saved.name if saved is not None else "",
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        used: dict[str, str] = {}
        for key, at in list(given.items()):
            if not at or key == "keep_as":
                continue
            if at in used:
                self.add_error(key, _("This column is chosen twice."))
            used[at] = key
        if not given.get("place") and not (given.get("latitude") and given.get("longitude")):
            self.add_error("place", _("Choose the place, or latitude and longitude."))
        return given

    @property
    def mapping(self) -> dict[str, str]:
        """Our column -> the file's column."""
        return {
            key: self.by_position[at]
            for key, at in self.cleaned_data.items()
            if at and key != "keep_as"
        }

    @property
    def needed(self) -> list[Any]:
        """The questions that must be answered."""
        return [self[name] for name in table.REQUIRED]

    @property
    def others(self) -> list[Any]:
        """The other questions that have an answer, or a fault."""
        return [field for field in self._optional() if field.value() or field.errors]

    @property
    def open(self) -> list[Any]:
        """The questions without an answer: the file does not seem to have these columns."""
        return [field for field in self._optional() if not (field.value() or field.errors)]

    def _optional(self) -> list[Any]:
        return [self[column.key] for column in table.TAKEN if column.key not in table.REQUIRED]


class ValuesForm(NormalisedForm):
    """What the words of a file mean, for those that are neither codes nor labels of ours."""

    def __init__(
        self,
        *args: Any,
        words: dict[str, list[str]],
        meant: dict[str, dict[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.words: dict[str, tuple[str, str]] = {}
        self.meant = meant
        labels = {column.key: column.label for column in table.TAKEN}
        self.groups: list[tuple[Any, list[str]]] = []
        for ours, found in words.items():
            choices = [("", gettext("– not known: such rows are refused –"))]
            choices += codes.choices(table.LISTED[ours])
            names = []
            for at, word in enumerate(found):
                name = f"{ours}-{at}"
                self.words[name] = (ours, word)
                self.fields[name] = forms.ChoiceField(
                    label=clean_text(word),
                    choices=choices,
                    required=False,
                    initial=meant.get(ours, {}).get(search_key(word), ""),
                )
                names.append(name)
            self.groups.append((labels[ours], names))

    @property
    def sections(self) -> list[tuple[Any, list[Any]]]:
        """(our column, its questions)"""
        return [(label, [self[name] for name in names]) for label, names in self.groups]

    @property
    def values(self) -> dict[str, dict[str, str]]:
        """{our column: {word, folded: code}}, with what was known before and not asked again."""
        values = {ours: dict(words) for ours, words in self.meant.items()}
        for name, (ours, word) in self.words.items():
            code = self.cleaned_data.get(name)
            if code:
                values.setdefault(ours, {})[search_key(word)] = code
            else:
                values.get(ours, {}).pop(search_key(word), None)
        return {ours: words for ours, words in values.items() if words}


class MappingForm(NormalisedForm):
    """The name of saved columns."""

    name = forms.CharField(label=_("Name"), max_length=60)

    def __init__(self, *args: Any, mapping: ImportMapping, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mapping = mapping

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = ImportMapping.objects.filter(site=self.mapping.site, name=name)
        if others.exclude(pk=self.mapping.pk).exists():
            raise ValidationError(_("Other columns have this name already."), code="taken")
        return name


class ConfirmForm(NormalisedForm):
    """Go on; with refused rows only where the person says so."""

    skip_rejected = forms.BooleanField(
        label=_("Take the good rows and leave out the refused ones"), required=False
    )

    def __init__(self, *args: Any, rejected: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if rejected:
            self.fields["skip_rejected"].required = True
            self.fields["skip_rejected"].error_messages["required"] = _(
                "Some rows are refused. Tick this to import the others, or mend the file."
            )
        else:
            del self.fields["skip_rejected"]
