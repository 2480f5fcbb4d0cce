from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "ceasefire.audit"
    label = "audit"
