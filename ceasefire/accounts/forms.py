"""Forms about accounts. They validate and never save."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from ceasefire.api.models import Scope
from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.people.models import User
from ceasefire.people.roles import ALL_SITE_ROLES, Duty, Role
from ceasefire.places.models import Site


class PreferencesForm(NormalisedForm):
    """One's own language, digits and shortcuts."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("ar", "العربية"), ("en", "English")],
        widget=forms.RadioSelect,
    )
    digits = forms.ChoiceField(
        label=_("Digits"), choices=User.Digits.choices, widget=forms.RadioSelect
    )
    shortcuts = forms.BooleanField(
        label=_("Keyboard shortcuts"),
        required=False,
        help_text=_("Single keys such as N, J and K. Press ? on a page to see them."),
    )


class NewPasswordForm(forms.Form):
    """A password of one's own choosing, typed twice; never normalised, never stored by the browser
    form."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters; a few words you can remember are best."),
    )
    again = forms.CharField(
        label=_("The same again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if facts.get("password") and facts.get("again") != facts["password"]:
            self.add_error("again", _("The two are not the same."))
        return facts


class TokenForm(NormalisedForm):
    """A token for a device of one's own."""

    device = forms.CharField(
        label=_("Device"),
        max_length=60,
        help_text=_("To tell it apart, for example “site tablet 2”. No name of a person."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, may_write: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_write:
            self.fields["scopes"].choices = [  # type: ignore[attr-defined]
                choice for choice in Scope.choices if choice[0] != Scope.WRITE
            ]


class UserForm(NormalisedForm):
    """A user, new or changed; `username` is fixed once made."""

    username = forms.RegexField(
        label=_("User name"),
        regex=r"^[a-z0-9][a-z0-9._-]{2,59}$",
        help_text=_("For signing in: small Latin letters, digits, dot, dash. Not the real name."),
        error_messages={
            "invalid": _("Use 3 to 60 small Latin letters, digits, dots or dashes, no spaces.")
        },
    )
    code_name = forms.CharField(
        label=_("Code name"),
        max_length=60,
        help_text=_("What colleagues see. Not the real name."),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    duties = forms.MultipleChoiceField(
        label=_("Duties (REO grants staff only)"),
        choices=Duty.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sites = forms.ModelMultipleChoiceField(
        label=_("Sites"),
        queryset=Site.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Auditors, administrators and REO work for all sites; leave it empty for them."
        ),
    )
    supervisor = forms.ModelChoiceField(
        label=_("Supervisor"), queryset=User.objects.none(), required=False
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("ar", "العربية"), ("en", "English")]
    )
    expires_on = DayField(
        label=_("Access ends on"), required=False, help_text=_("Day/month/year; may stay empty.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        if user is not None:
            kwargs.setdefault(
                "initial",
                {
                    "code_name": user.code_name,
                    "role": user.role,
                    "duties": user.duties,
                    "sites": user.sites.all(),
                    "supervisor": user.supervisor,
                    "language": user.language,
                    "expires_on": user.expires_on,
                    "version": user.version,
                },
            )
        super().__init__(*args, **kwargs)
        self.user = user
        supervisors = User.objects.active().filter(role=Role.SUPERVISOR)
        if user is not None:
            del self.fields["username"]
            supervisors = supervisors.exclude(pk=user.pk)
        self.fields["supervisor"].queryset = supervisors  # type: ignore[attr-defined]

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError(_("This user name is taken."))
        return username

    def clean_code_name(self) -> str:
        code_name: str = self.cleaned_data["code_name"]
        taken = User.objects.filter(code_name__iexact=code_name)
        if self.user is not None:
            taken = taken.exclude(pk=self.user.pk)
        if taken.exists():
            raise forms.ValidationError(_("This code name is taken."))
        return code_name

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        role = facts.get("role")
        if role and role not in ALL_SITE_ROLES and not facts.get("sites"):
            self.add_error("sites", _("Choose at least one site for this role."))
        if role and role in ALL_SITE_ROLES and facts.get("sites"):
            self.add_error("sites", _("This role works for all sites; leave it empty."))
        if facts.get("duties") and role != Role.REO_STAFF:
            self.add_error("duties", _("Only REO grants staff have duties."))
        return facts
