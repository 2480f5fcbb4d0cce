"""`create_administrator`: the first account of an installation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from ceasefire.accounts import services
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.people.roles import Role


class Command(BaseCommand):
    help = (
        "Makes an administrator and prints a one-time link, valid 24 hours, by which that person "
        "chooses a password. No password is ever given on the command line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="admin")
        parser.add_argument("--code-name", default="")
        parser.add_argument("--host", default="", help="printed before the link's path")

    def handle(self, *args: Any, username: str, code_name: str, host: str, **options: Any) -> None:
        with as_system():
            user = User.objects.filter(username__iexact=username).first()
            if user is not None and user.role != Role.ADMINISTRATOR:
                raise CommandError(f"{username} exists and is no administrator.")
            if user is None:
                user = services.add_user(
                    username=username.lower(),
                    code_name=code_name or username,
                    role=Role.ADMINISTRATOR,
                    by=None,
                    language="en",
                )
            token = services.make_link(user, by=None)
        self.stdout.write(f"{host.rstrip('/')}{reverse('password_by_link', args=[token])}")
