"""The addresses of grants. Each part of the work has a list of its own below."""

from django.urls import URLPattern, URLResolver, include, path, register_converter


class RefConverter:
    """A grant's number, so that no other word below /grants/ is taken for one."""

    regex = "QRF-[0-9]{4}-[0-9]{4,9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RefConverter, "ref")

app_name = "grants"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("grants.work_urls")),
    path("", include("grants.document_urls")),
    path("", include("grants.vetting_urls")),
    path("", include("grants.money_urls")),
    path("", include("grants.monitoring_urls")),
    path("", include("grants.report_urls")),
    path("", include("grants.publishing_urls")),
]
