"""The addresses of incidents."""

app_name = "incidents"
urlpatterns: list[object] = []
