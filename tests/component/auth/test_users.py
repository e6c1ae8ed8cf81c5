"""Registering users, on real servers."""

from __future__ import annotations

import pytest

from shared.contracts.errors import Code
from shared.kit.errors import MusterError
from tests.component.auth.conftest import Asker
from tests.conftest import ADMIN, OTHER_ADMIN, OTHER_OWNER, OWNER


async def _token(asker: Asker, email: str = ADMIN[0], password: str = ADMIN[1]) -> str:
    return (await asker.login(email, password)).access_token.get_secret_value()


async def test_a_new_user_belongs_to_the_owner_of_whoever_made_it(asker: Asker) -> None:
    mine = await asker.register(await _token(asker), "mine", "mine@example.test")
    theirs = await asker.register(
        await _token(asker, *OTHER_ADMIN), "theirs", "theirs@example.test", role="admin"
    )
    assert (mine.owner, mine.role) == (OWNER, "user")
    assert (theirs.owner, theirs.role) == (OTHER_OWNER, "admin")
    assert isinstance(mine.id, int)
    session = await asker.login("mine@example.test", "a long enough word")
    assert (await asker.caller(session)).user_id == mine.id
    ((stored,),) = await asker.sql("select password from users where id = :id", id=mine.id)
    assert "a long enough word" not in str(stored)


@pytest.mark.parametrize(
    ("username", "email", "code"),
    [
        ("other", "TAKEN@example.test", Code.EMAIL_TAKEN),
        ("Taken", "other@example.test", Code.USERNAME_TAKEN),
        ("taken", "taken@example.test", Code.EMAIL_TAKEN),
    ],
)
async def test_what_is_taken_is_named(asker: Asker, username: str, email: str, code: Code) -> None:
    token = await _token(asker)
    if not await asker.sql("select 1 from users where username = 'taken'"):
        await asker.register(token, "taken", "taken@example.test")
    with pytest.raises(MusterError) as caught:
        await asker.register(token, username, email)
    assert caught.value.problem.code is code
    assert await asker.sql("select count(*) from users where lower(username) = 'taken'") == [(1,)]


async def test_only_admins_make_users(asker: Asker) -> None:
    await asker.register(await _token(asker), "plain", "plain@example.test")
    token = await _token(asker, "plain@example.test", "a long enough word")
    with pytest.raises(MusterError) as caught:
        await asker.register(token, "more", "more@example.test")
    assert caught.value.problem.code is Code.FORBIDDEN
