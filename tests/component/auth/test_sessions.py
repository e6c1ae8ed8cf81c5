"""Login, refresh, logout, on real servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

import bcrypt
import jwt
import pytest

from shared.contracts import auth, catalog
from shared.contracts.errors import Code
from shared.contracts.message import Secret
from shared.kit.errors import MusterError
from shared.kit.security import FRESH_SECONDS
from tests.component.auth.conftest import Asker, eventually
from tests.conftest import ADMIN, OTHER_ADMIN, OTHER_OWNER, OWNER


def claims(session: auth.Session) -> dict[str, object]:
    token = session.access_token.get_secret_value()
    read: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return read


async def code_of(answer: Awaitable[object]) -> Code:
    with pytest.raises(MusterError) as caught:
        await answer
    return caught.value.problem.code


@pytest.mark.parametrize("seconds", [3600, 43_200])
async def test_a_token_says_who_and_lives_as_long_as_asked(asker: Asker, seconds: int) -> None:
    session = await asker.login(seconds=seconds)
    said = claims(session)
    assert int(str(said["exp"])) - int(str(said["iat"])) == session.expires_in == seconds
    assert said["iss"] == "muster"
    assert said["sub"] == str(session.user.id)
    assert (said["owner"], said["role"], said["kind"]) == (OWNER, "admin", "access")
    caller = await asker.caller(session)
    assert (caller.owner, caller.email, caller.role) == (OWNER, ADMIN[0], "admin")
    assert not session.password_change_advised


async def test_an_email_is_one_in_whatever_case(asker: Asker) -> None:
    session = await asker.login(email=ADMIN[0].upper())
    assert session.user.email == ADMIN[0]


async def test_owners_are_apart(asker: Asker) -> None:
    caller = await asker.caller(await asker.login(*OTHER_ADMIN))
    assert caller.owner == OTHER_OWNER


async def test_unknown_email_and_wrong_password_look_and_last_alike(asker: Asker) -> None:
    async def failing(email: str) -> tuple[float, object]:
        began = time.perf_counter()
        with pytest.raises(MusterError) as caught:
            await asker.login(email, "wrong")
        return time.perf_counter() - began, caught.value.problem

    wrong = [await failing(OTHER_ADMIN[0]) for _ in range(6)]
    unknown = [await failing("nobody@example.test") for _ in range(6)]
    assert {repr(each[1]) for each in wrong} == {repr(each[1]) for each in unknown}
    assert wrong[0][1] == MusterError(Code.INVALID_CREDENTIALS).problem
    fastest = sorted([min(each[0] for each in wrong), min(each[0] for each in unknown)])
    # Without the hash for nobody the unknown e-mail would be several times faster.
    assert fastest[1] / fastest[0] < 2
    await asker.login(*OTHER_ADMIN)


async def test_a_refused_user_looks_like_nobody(asker: Asker) -> None:
    token = (await asker.login()).access_token.get_secret_value()
    await asker.register(token, "gone", "gone@example.test")
    session = await asker.login("gone@example.test", "a long enough word")
    await asker.sql("update users set active = false where username = 'gone'")
    refused = asker.login("gone@example.test", "a long enough word")
    assert await code_of(refused) is Code.INVALID_CREDENTIALS
    assert await code_of(asker.refresh(session.refresh_token)) is Code.UNAUTHORIZED


async def test_a_bcrypt_hash_is_accepted_and_replaced(asker: Asker) -> None:
    token = (await asker.login()).access_token.get_secret_value()
    await asker.register(token, "old", "old@example.test")
    old = bcrypt.hashpw(b"danish123", bcrypt.gensalt(4)).decode()
    await asker.sql("update users set password = :old where username = 'old'", old=old)
    session = await asker.login("old@example.test", "danish123")
    assert session.password_change_advised
    ((stored,),) = await asker.sql("select password from users where username = 'old'")
    assert str(stored).startswith("$argon2id$")
    await asker.login("old@example.test", "danish123")


async def test_guessing_is_slowed_for_that_email_only(asker: Asker) -> None:
    codes = [
        await code_of(asker.login("guessed@example.test", f"guess {number}"))
        for number in range(21)
    ]
    assert set(codes[:20]) == {Code.INVALID_CREDENTIALS}
    assert codes[20] is Code.TOO_MANY_REQUESTS
    await asker.login()


async def test_a_refresh_token_is_good_once(asker: Asker) -> None:
    first = await asker.login()
    second = await asker.refresh(first.refresh_token)
    assert second.expires_in == 3600
    assert claims(second)["sid"] == claims(first)["sid"]
    assert (await asker.caller(second)).email == ADMIN[0]
    third = await asker.refresh(second.refresh_token)
    assert (await asker.caller(third)).email == ADMIN[0]


async def test_a_reused_refresh_token_ends_the_session(asker: Asker) -> None:
    first = await asker.login()
    second = await asker.refresh(first.refresh_token)
    assert await code_of(asker.refresh(first.refresh_token)) is Code.UNAUTHORIZED
    assert await code_of(asker.refresh(second.refresh_token)) is Code.UNAUTHORIZED
    await _until_ended(asker, second)


async def test_two_at_once_get_one_pair(asker: Asker) -> None:
    session = await asker.login()
    answers = await asyncio.gather(
        *(asker.refresh(session.refresh_token) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, auth.Session) for each in answers) == 1


@pytest.mark.parametrize("kind", ["access", "nonsense", "forged"])
async def test_what_is_no_refresh_token_is_refused(asker: Asker, kind: str) -> None:
    session = await asker.login()
    token = {
        "access": session.access_token.get_secret_value(),
        "nonsense": "not.a.token",
        "forged": jwt.encode(
            {**claims(session), "kind": "refresh"}, "a secret of somebody else's, long enough"
        ),
    }[kind]
    assert await code_of(asker.refresh(Secret(token))) is Code.UNAUTHORIZED


async def test_a_refresh_token_opens_no_door(asker: Asker) -> None:
    session = await asker.login()
    verifying = asker.verifier().verify(session.refresh_token.get_secret_value())
    assert await code_of(verifying) is Code.UNAUTHORIZED


async def test_logout_reaches_every_verifier_in_time(asker: Asker) -> None:
    session = await asker.login()
    token = session.access_token.get_secret_value()
    verifier = asker.verifier()
    await verifier.verify(token)
    answer = await asker.ask(catalog.LOGOUT, auth.Logout(), auth.LoggedOut, token)
    assert answer.session == claims(session)["sid"]
    await _until_ended(asker, session)
    asker.clock.ahead += FRESH_SECONDS
    assert await code_of(verifier.verify(token)) is Code.UNAUTHORIZED
    assert await code_of(asker.refresh(session.refresh_token)) is Code.UNAUTHORIZED


async def _until_ended(asker: Asker, session: auth.Session) -> None:
    async def ended() -> bool:
        return not await asker.admits(session)

    await eventually(ended, FRESH_SECONDS)
