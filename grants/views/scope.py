"""Which grants a person reaches, and what every page of one grant shows above its own matter."""

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from grants.models import Grant, Officer
from grants.services import held

#: Whoever reads grants at all.
VIEW = "grants.view_grant"
#: REO staff; which step they may take is their duty's.
WORK = held.WORK
#: The auditor, who writes nothing but flags.
FLAG = "grants.flag_grant"


class Tab(NamedTuple):
    """One page of a grant: its key, its name in the row of pages, its address's name."""

    key: str
    label: Any
    url_name: str


#: The pages of one grant in their order.
TABS = (
    Tab("overview", _("Overview"), "grants:grant_detail"),
    Tab("documents", _("Documents"), "grants:document_list"),
    Tab("vetting", _("Vetting"), "grants:grant_vetting"),
    Tab("money", _("Money"), "grants:grant_money"),
    Tab("monitoring", _("Monitoring"), "grants:grant_monitoring"),
    Tab("surroundings", _("Incidents around"), "grants:grant_surroundings"),
    Tab("publishing", _("Publishing"), "grants:grant_publishing"),
    Tab("history", _("History"), "grants:grant_history"),
)


def one_grant(request: HttpRequest, ref: str) -> Grant:
    """The grant of this number, with what its head shows; 404 for whoever may not see it."""
    found = (
        Grant.objects.visible_to(request.user)
        .select_related("fund", "district", "grantee", "implementer", "requester", "owner")
        .defer("district__geometry")
        .filter(ref=ref)
        .first()
    )
    if found is None:
        raise Http404
    return found


def officer_of(request: HttpRequest) -> Officer | None:
    """The officer that the person is; None for a viewer. Asked once a request."""
    kept: Any = request
    if not hasattr(kept, "officer"):
        kept.officer = Officer.objects.filter(pk=request.user.pk, is_active=True).first()
    found: Officer | None = kept.officer
    return found


def grant_page(request: HttpRequest, grant: Grant, tab: str) -> dict[str, Any]:
    """What `grants/grant_base.html` needs: the grant and its pages; and who asks."""
    return {
        "grant": grant,
        "tabs": [
            {"key": one.key, "label": one.label, "url": reverse(one.url_name, args=[grant.ref])}
            for one in TABS
        ],
        "tab": tab,
        "officer": officer_of(request),
        "may_work": request.user.has_perm(WORK),
    }
