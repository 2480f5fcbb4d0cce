"""Saved columns of a site: seeing, renaming, deleting them."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire.people.access import requires
from incidents import exports
from incidents.exceptions import MappingNameTaken
from incidents.forms.imports import MappingForm
from incidents.importing import checking, kept, table
from incidents.models import ImportMapping

IMPORT = "incidents.import_incident"


def _mapping(request: HttpRequest, pk: UUID) -> ImportMapping:
    mapping: ImportMapping = get_object_or_404(
        ImportMapping.objects.visible_to(request.user).select_related("site", "by"), pk=pk
    )
    return mapping


@requires(IMPORT)
@require_safe
def mapping_list(request: HttpRequest) -> HttpResponse:
    """The kept columns of the person's sites."""
    mappings = ImportMapping.objects.visible_to(request.user).select_related("site", "by")
    return render(
        request, "incidents/mapping_list.html", {"mappings": mappings.order_by("name", "id")}
    )


@requires(IMPORT)
def mapping_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is kept: the columns, the words; and its name, to be changed."""
    mapping = _mapping(request, pk)
    form = MappingForm(request.POST or None, mapping=mapping, initial={"name": mapping.name})
    if request.method == "POST" and form.is_valid():
        try:
            renamed = kept.rename(
                mapping,
                name=form.cleaned_data["name"],
                by=request.user,  # type: ignore[arg-type]
            )
        except MappingNameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            if renamed is None:
                raise Http404
            messages.success(request, _("The name was changed."))
            return redirect("incidents:mapping_list")
    columns = [
        (column.label, mapping.columns[column.key])
        for column in table.TAKEN
        if column.key in mapping.columns
    ]
    words = [
        (exports.BY_KEY[ours].label, word, checking.label_of(ours, code))
        for ours, meant in mapping.values.items()
        for word, code in meant.items()
    ]
    return render(
        request,
        "incidents/mapping_detail.html",
        {"form": form, "mapping": mapping, "columns": columns, "words": words},
    )


@require_POST
@requires(IMPORT)
def mapping_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget kept columns; what was imported with them stays."""
    mapping = _mapping(request, pk)
    kept.forget(mapping, by=request.user)  # type: ignore[arg-type]
    messages.info(request, _("The kept columns were deleted."))
    return redirect("incidents:mapping_list")
