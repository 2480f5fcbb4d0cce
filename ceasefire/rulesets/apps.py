from django.apps import AppConfig


class RulesetsConfig(AppConfig):
    name = "ceasefire.rulesets"
    label = "rulesets"
