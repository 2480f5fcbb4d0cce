"""Photos to add to an incident: several at once, with a word about what they show."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire.attachments import limits, services
from ceasefire.attachments.exceptions import PhotoRefused
from ceasefire.attachments.images import Picture
from ceasefire.look.forms import NormalisedForm
from ceasefire.people.models import User
from incidents.forms.rows import NO_NAMES, refuse_names, say_names

TYPES = "image/jpeg,image/png,image/webp"


class _Several(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Chosen files, each by itself: one that is refused does not take the others with it."""

    widget = _Several

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(files) > limits.FILES_AT_ONCE:
            raise ValidationError(
                _("Choose at most %(most)d photos at once."),
                code="too_many",
                params={"most": limits.FILES_AT_ONCE},
            )
        return list(files)


class PhotosForm(NormalisedForm):
    """`pictures` holds those that can be kept, also where others of the same form are refused.

    A refused file is named by its place among the chosen ones: its name is not read out again.
    """

    photos = PhotosField(
        label=_("Photos"),
        help_text=_(
            "JPEG, PNG or WebP. Place, time and phone are taken out; the file itself is not kept."
        ),
        widget=_Several(attrs={"accept": TYPES, "data-photos": ""}),
        error_messages={"required": _("Choose a photo."), "invalid": _("Choose a photo.")},
    )
    caption = forms.CharField(
        label=_("What it shows, without names"),
        max_length=limits.CAPTION,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    names_checked = forms.BooleanField(label=NO_NAMES, required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        kwargs.setdefault("prefix", "photo")
        kwargs.setdefault("use_required_attribute", False)
        super().__init__(*args, **kwargs)
        self.by = by
        self.pictures: list[Picture] = []
        self.found_names: list[str] = []

    def clean_caption(self) -> str:
        """A name that is kept sealed elsewhere would stand here for everybody of the site."""
        caption = " ".join(self.cleaned_data["caption"].split())
        if not self.data.get(self.add_prefix("names_checked")):
            self.found_names = refuse_names(caption, by=self.by)
        return caption

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        say_names(self, "caption", self.found_names)
        return given

    def clean_photos(self) -> list[Any]:
        """Draw each anew; what cannot be taken is said by its number."""
        files, faults = self.cleaned_data["photos"], []
        for number, file in enumerate(files, start=1):
            try:
                self.pictures.append(services.read_upload(file))
            except PhotoRefused as refused:
                said = str(refused)
                if len(files) > 1:
                    said = _("Photo %(number)d: %(reason)s") % {
                        "number": number,
                        "reason": said,
                    }
                faults.append(ValidationError(said, code=refused.code))
            finally:
                file.close()
        if faults:
            raise ValidationError(faults)
        return files

    def refuse_request(self) -> None:
        """Say at the field that all together was too large to be read."""
        self.add_error("photos", ValidationError(self.said_too_large, code="request_too_large"))

    #: The same limits and words for the page's script, which says them before anything is sent.
    most, limit = limits.FILES_AT_ONCE, limits.REQUEST - limits.MEGABYTE

    @property
    def said_too_many(self) -> str:
        return str(_("Choose at most %(most)d photos at once.") % {"most": self.most})

    @property
    def said_too_large(self) -> str:
        text = _("All photos together are larger than %(megabytes)d MB. Send fewer at once.")
        return str(text % {"megabytes": limits.REQUEST // limits.MEGABYTE})
