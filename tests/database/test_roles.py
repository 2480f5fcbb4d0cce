"""The roles are made so that the connection can step down, whichever PostgreSQL made them."""

import pytest

from ceasefire.database.roles import prepare_roles


class Server:
    """Answers the two questions of `prepare_roles` and keeps what it was told."""

    def __init__(self, *, since_16, owner_may):
        self.since_16, self.owner_may, self.told = since_16, owner_may, []

    def execute(self, sql, parameters=None):
        self.told.append((" ".join(sql.split()), parameters))

    def fetchone(self):
        last, parameters = self.told[-1]
        if "server_version_num" in last:
            return (self.since_16,)
        return self.owner_may[parameters[1]], True


@pytest.mark.parametrize("as_owner", [True, False], ids=["migrate", "anything else"])
@pytest.mark.parametrize(
    ("since_16", "owner_may", "granted", "reason"),
    [
        (False, {"MEMBER": False}, True, "before 16 who makes a role is no member of it"),
        (False, {"MEMBER": True}, False, "granted before"),
        (True, {"MEMBER": True, "SET": False}, True, "since 16 a member that may not step in"),
        (True, {"MEMBER": True, "SET": True}, False, "granted before, or a superuser"),
    ],
)
def test_with_one_sign_in_the_owner_may_become_the_application(
    settings, as_owner, since_16, owner_may, granted, reason
):
    settings.ONE_SIGN_IN, settings.STEP_DOWN = True, not as_owner
    server = Server(since_16=since_16, owner_may=owner_may)

    prepare_roles(server)

    grant = f'GRANT "{settings.APP_ROLE}" TO current_user'
    assert (grant in [sql for sql, _parameters in server.told]) is granted, reason


def test_with_two_sign_ins_the_owner_is_left_alone(settings):
    settings.ONE_SIGN_IN = False
    server = Server(since_16=True, owner_may={"SET": False})

    prepare_roles(server)

    assert not [sql for sql, _parameters in server.told if sql.endswith("TO current_user")]
