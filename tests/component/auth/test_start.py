"""How auth starts: owners from a file, no example credentials, and its key in the bucket."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import nats
import nats.js.errors
import pytest

from services.auth.app import build
from services.auth.handlers.passwords import Passwords
from services.auth.settings import AuthSettings
from shared.contracts import auth, catalog, employees, streams
from shared.contracts.message import Secret
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.errors import MusterError, StartupError
from shared.kit.security import ended_entry
from tests.component.auth.conftest import Asker, auth_settings, eventually, live, new_key
from tests.conftest import ADMIN, OWNER, Platform


def _bootstrap(file: Path, email: str, password: str) -> Path:
    admin = {"username": "admin", "email": email, "password": password}
    owners = [{"id": OWNER, "name": "Demo", "admin": admin, "sites": []}]
    file.write_text(json.dumps({"owners": owners}), encoding="utf-8")
    return file


async def _starts(settings: AuthSettings) -> None:
    async with live(build(settings), settings):
        pass


async def _refusal(settings: AuthSettings) -> str:
    with pytest.raises(StartupError) as caught:
        await _starts(settings)
    return str(caught.value)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "signing.pem"
    file.write_bytes(new_key())
    return file


@pytest.mark.parametrize("password", ["admin123", "danish123", "password123"])
async def test_example_credentials_are_refused(
    clean: Platform, key: Path, tmp_path: Path, password: str
) -> None:
    file = _bootstrap(tmp_path / "b.json", "admin@timmy.local", password)
    why = await _refusal(auth_settings(clean, key, bootstrap_file=file))
    assert str(file) in why
    assert password not in why


async def test_the_demo_may_use_them_and_leaves_a_database_that_nothing_else_opens(
    clean: Platform, key: Path, tmp_path: Path
) -> None:
    file = _bootstrap(tmp_path / "b.json", "admin@timmy.local", "admin123")
    await _starts(auth_settings(clean, key, bootstrap_file=file, demo=True))
    why = await _refusal(auth_settings(clean, key, bootstrap_file=None))
    assert "admin@timmy.local" in why


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.test"])  # noqa: S104 - refused
async def test_the_demo_is_for_this_machine_only(clean: Platform, key: Path, host: str) -> None:
    why = await _refusal(auth_settings(clean, key, demo=True, http_host=host))
    assert "loopback" in why


async def test_a_changed_password_stays(clean: Platform, key: Path) -> None:
    settings = auth_settings(clean, key)
    await _starts(settings)
    changed = await Passwords().hash("another word than before")
    async with await clean.superuser() as connection:
        await connection.execute(
            "update auth.users set password = %s where email = %s", (changed, ADMIN[0])
        )
    await _starts(settings)
    async with await clean.superuser() as connection:
        row = await (
            await connection.execute(
                "select password from auth.users where email = %s", (ADMIN[0],)
            )
        ).fetchone()
    assert row == (changed,)


@pytest.mark.parametrize("content", [None, b"", b"not a key"])
async def test_without_a_key_it_says_what_is_needed(
    clean: Platform, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "bad.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StartupError, match="Ed25519"):
        build(auth_settings(clean, file))


async def test_a_bad_bootstrap_file_is_named_without_its_passwords(
    clean: Platform, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b.json"
    file.write_text('{"owners": [{"id": "no", "admin": {"password": "hush"}}]}', encoding="utf-8")
    why = await _refusal(auth_settings(clean, key, bootstrap_file=file))
    assert "b.json" in why
    assert "hush" not in why


async def test_a_lost_bucket_is_filled_again_and_lets_nobody_back_in(
    asker: Asker, platform: Platform
) -> None:
    ended, alive = await asker.login(), await asker.login()
    token = ended.access_token.get_secret_value()
    await asker.ask(catalog.LOGOUT, auth.Logout(), auth.LoggedOut, token)
    await _purge(platform)

    async def admitted() -> bool:
        return await asker.admits(alive)

    await eventually(admitted)
    with pytest.raises(MusterError, match="ended"):
        await asker.caller(ended)


async def test_the_end_of_a_session_outlives_its_tokens_and_no_more(
    asker: Asker, bus_of: Callable[[str], Awaitable[Bus]], platform: Platform
) -> None:
    provisioner = await bus_of("provisioner")
    session = await asker.login()
    token = session.access_token.get_secret_value()
    said = await asker.ask(catalog.LOGOUT, auth.Logout(), auth.LoggedOut, token)
    subject = streams.AUTH.subject(ended_entry(said.session))

    async def told() -> bool:
        try:
            found = await provisioner.js.get_last_msg(streams.AUTH.stream, subject)
        except nats.js.errors.NotFoundError:
            return False
        return (found.headers or {}).get("Nats-TTL") == "90000s"

    await eventually(told)
    await _purge(platform)
    await eventually(told)


async def test_the_broker_drops_what_was_given_a_life(
    platform: Platform, bus_of: Callable[[str], Awaitable[Bus]]
) -> None:
    bucket = Bucket(await bus_of("auth"), streams.AUTH)
    await bucket.put("ended.soon", b"1", life=1)
    assert await bucket.get("ended.soon") == b"1"

    async def gone() -> bool:
        return await bucket.get("ended.soon") is None

    await eventually(gone)


async def _purge(platform: Platform) -> None:
    client = await nats.connect(
        platform.servers.nats_url,
        nkeys_seed=str(platform.servers.seed_file("provisioner")),
        inbox_prefix="_INBOX_provisioner",
    )
    await client.jetstream().purge_stream(streams.AUTH.stream)
    await client.close()


async def test_a_lost_bucket_lets_no_barred_employee_back_in(
    asker: Asker, platform: Platform
) -> None:
    admin = (await asker.login()).access_token.get_secret_value()
    adding = employees.AddEmployee(
        enroll_id="77801", username="emp-77801.mo", password=Secret("a long word"), full_name="E"
    )
    made = await asker.ask(catalog.ADD_EMPLOYEE, adding, employees.Employee, admin)
    logging_in = employees.EmployeeLogin(
        username=made.username, password=Secret("a long word"), access_seconds=86_400
    )
    session = await asker.ask(catalog.LOGIN_EMPLOYEE, logging_in, employees.EmployeeSession)
    removing = employees.RemoveEmployee(employee_id=made.id)
    await asker.ask(catalog.REMOVE_EMPLOYEE, removing, employees.Employee, admin)
    await _purge(platform)
    alive = await asker.login()

    async def admitted() -> bool:
        return await asker.admits(alive)

    await eventually(admitted)
    with pytest.raises(MusterError, match="ended"):
        await asker.verifier().verify(session.access_token.get_secret_value())


async def test_a_demos_employee_keeps_other_servers_from_starting(
    clean: Platform, key: Path
) -> None:
    settings = auth_settings(clean, key)
    await _starts(settings)
    hashed = await Passwords().hash("password123")
    async with await clean.superuser() as connection:
        await connection.execute(
            "insert into auth.employees select repeat('a', 24), id, '1', '1', 'emp-86359.mo', %s,"
            " 'E', '', '', true, true, true, now(), now() from auth.owners limit 1",
            (hashed,),
        )
    assert "emp-86359.mo" in await _refusal(settings)
