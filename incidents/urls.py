"""The addresses of incidents."""

from django.urls import URLPattern, URLResolver, include, path, register_converter

from incidents.views import (
    board,
    entry,
    links,
    logging,
    mapping,
    merging,
    naming,
    photos,
    reading,
    responses,
    twins,
    verbs,
)


class CodeConverter:
    """An incident's code, so that no other word below /incidents/ is taken for one."""

    regex = "INC-[0-9]{4}-[0-9]{6,9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CodeConverter, "code")

app_name = "incidents"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", reading.incident_list, name="incident_list"),
    path("new/", logging.incident_new, name="incident_new"),
    path("entry/", entry.entry, name="entry"),
    path("paper/", entry.paper, name="paper"),
    path("board/", board.board, name="board"),
    path("board/rows/", board.board_rows, name="board_rows"),
    path("review/", reading.incident_review, name="incident_review"),
    path("duplicates/", twins.twin_list, name="twin_list"),
    path("places/", reading.place_search, name="place_search"),
    path("map/", mapping.incident_map, name="incident_map"),
    path("map/outlines/<str:pcodes>/", mapping.map_outlines, name="map_outlines"),
    path("map/marks/", mapping.map_marks, name="map_marks"),
    path("map/records/", mapping.map_records, name="map_records"),
]
urlpatterns += [
    path("", include("incidents.import_urls")),
    path("", include("incidents.desk_urls")),
    path("<code:code>/", reading.incident_detail, name="incident_detail"),
    path("<code:code>/edit/", logging.incident_edit, name="incident_edit"),
    path("<code:code>/revise/", logging.incident_revise, name="incident_revise"),
    path("<code:code>/submit/", verbs.incident_submit, name="incident_submit"),
    path("<code:code>/withdraw/", verbs.incident_withdraw, name="incident_withdraw"),
    path("<code:code>/take/", verbs.incident_take, name="incident_take"),
    path("<code:code>/return/", verbs.incident_return, name="incident_return"),
    path("<code:code>/accept/", verbs.incident_accept, name="incident_accept"),
    path("<code:code>/archive/", verbs.incident_archive, name="incident_archive"),
    path("<code:code>/duplicate/", verbs.incident_duplicate, name="incident_duplicate"),
    path("<code:code>/verification/", verbs.incident_override, name="incident_override"),
    path(
        "<code:code>/verification/clear/",
        verbs.incident_override_clear,
        name="incident_override_clear",
    ),
    path("<code:code>/sources/", verbs.source_add, name="source_add"),
    path("<code:code>/sources/<int:number>/", verbs.source_grade, name="source_grade"),
    path("<code:code>/photos/", photos.photo_add, name="photo_add"),
    path("<code:code>/merge/<code:other>/", merging.merge, name="merge"),
    path("<code:code>/part/", merging.unmerge, name="unmerge"),
    path("<code:code>/not-same/<code:other>/", twins.not_twins, name="not_twins"),
    path("<code:code>/links/", links.link_add, name="link_add"),
    path("<code:code>/links/<int:key>/remove/", links.link_remove, name="link_remove"),
    path("<code:code>/chain/", links.incident_chain, name="incident_chain"),
    path("<code:code>/named/", naming.named, name="named"),
    path("<code:code>/named/back/", naming.named_back, name="named_back"),
    path("<code:code>/reveal/", verbs.name_reveal, name="name_reveal"),
    path("<code:code>/response/", responses.response_action, name="response_action"),
    path("<code:code>/response/take/", responses.response_take, name="response_take"),
    path("<code:code>/response/assign/", responses.response_assign, name="response_assign"),
    path("<code:code>/response/next/", responses.response_next, name="response_next"),
    path("<code:code>/response/close/", responses.response_close, name="response_close"),
    path("<code:code>/response/open/", responses.response_open, name="response_open"),
    path("<code:code>/watch/start/", responses.watch_start, name="watch_start"),
    path("<code:code>/watch/people/", responses.watch_people, name="watch_people"),
    path("<code:code>/watch/check/", responses.watch_check, name="watch_check"),
    path("<code:code>/watch/end/", responses.watch_end, name="watch_end"),
    path("<code:code>/told/take/", verbs.told_take, name="told_take"),
    path("<code:code>/again/<int:key>/settle/", verbs.submission_settle, name="submission_settle"),
]
