from django.apps import AppConfig


class AggiosConfig(AppConfig):
    name = "aggios"
