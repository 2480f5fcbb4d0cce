"""The risk sheet of a grant, written by who reviews it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from ceasefire.people.access import requires
from grants.forms.risks import RiskRows, risks_of
from grants.models import Grant
from grants.services import risks
from grants.views.doing import me
from grants.views.money import duty
from grants.views.proposals import rows_page
from grants.views.scope import WORK, one_grant


@requires(WORK)
def grant_risks(request: HttpRequest, ref: str) -> HttpResponse:
    """Write down what may go wrong, what is done about it and who sees to it."""
    grant = one_grant(request, ref)
    who = duty(request, "reviewer")
    if not risks.may_write(grant, who):
        raise PermissionDenied
    names = ("text", "level", "mitigation", "owner")
    there = [{name: getattr(one, name) for name in names} for one in _lines(grant)]
    rows = RiskRows(
        request.POST if request.method == "POST" else None,
        initial=[{**one, "owner": one["owner"] and one["owner"].pk} for one in there],
        prefix="risks",
        form_kwargs={"owners": risks.owners()},
    )
    return rows_page(
        request,
        grant,
        rows=rows,
        save=lambda filled, version: risks.set_risks(
            grant, risks_of(filled), by=me(request), version=version
        ),
        kind="risks",
        title=_("Risk sheet"),
        hint=_(
            "Each risk from medium on says what is done about it and who sees to that. The grant's"
            " own level is that of its gravest risk."
        ),
        standing=lambda now: [f"{one.get_level_display()} · {one.text}" for one in _lines(now)],
    )


def _lines(grant: Grant) -> Any:
    return grant.risks.select_related("owner")
