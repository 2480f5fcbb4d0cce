"""Photos to add to an incident: several at once, with a word about what they show."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from ceasefire.attachments import limits, services
from ceasefire.attachments.exceptions import PhotoRefused
from ceasefire.attachments.images import Picture
from ceasefire.look.forms import NormalisedForm
from ceasefire.people.models import User
from incidents.services import sealed_names_in

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

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        kwargs.setdefault("prefix", "photo")
        kwargs.setdefault("use_required_attribute", False)
        super().__init__(*args, **kwargs)
        self.by = by
        self.pictures: list[Picture] = []

    def clean_caption(self) -> str:
        """A name that stands sealed somewhere would stand here for everybody of the site."""
        caption = " ".join(self.cleaned_data["caption"].split())
        found = sealed_names_in(caption, by=self.by) if caption else []
        if found:
            raise ValidationError(
                _("These words are the name of somebody: %(names)s. Write it without."),
                code="names",
                params={"names": ", ".join(found)},
            )
        return caption

    def clean_photos(self) -> list[Any]:
        """Draw each anew; what cannot be taken is said by its number."""
        files, faults = self.cleaned_data["photos"], []
        for number, file in enumerate(files, start=1):
            try:
                self.pictures.append(services.read_upload(file))
            except PhotoRefused as refused:
                said = str(refused)
                if len(files) > 1:
                    said = _now("Photo %(number)d: %(reason)s") % {
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
        self.add_error(
            "photos",
            ValidationError(
                _("All photos together are larger than %(megabytes)d MB. Send fewer at once."),
                code="request_too_large",
                params={"megabytes": limits.REQUEST // limits.MEGABYTE},
            ),
        )
