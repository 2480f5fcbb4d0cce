from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    name = "ceasefire.attachments"
    label = "attachments"

    def ready(self) -> None:
        from ceasefire.attachments import contents
        from ceasefire.vault import elsewhere

        elsewhere.register(
            "attachments", elsewhere.Elsewhere(counts=contents.counts, rotate=contents.rotate)
        )
