"""Employees: taken in, changed, let go; their tokens, and what ends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.auth.handlers.passwords import Passwords
from shared.contracts import auth, catalog, employees
from shared.contracts.auth import Permission
from shared.contracts.employees import Employee, EmployeeList, EmployeeSession
from shared.contracts.errors import Code
from shared.contracts.message import Secret
from shared.kit import outbox
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.auth.conftest import Asker, eventually
from tests.conftest import ADMIN, OTHER_ADMIN

PASSWORD = "a long enough word"  # noqa: S105 - of a test


async def _token(asker: Asker, admin: tuple[str, str] = ADMIN) -> str:
    return (await asker.login(*admin)).access_token.get_secret_value()


async def _add(asker: Asker, token: str, **more: Any) -> Employee:
    unique = new_id().hex[:10]
    fields = {
        "enroll_id": unique,
        "username": f"emp-{unique}.mo",
        "password": PASSWORD,
        "full_name": "Employee Name",
        **more,
    }
    request = employees.AddEmployee.model_validate(fields)
    return await asker.ask(catalog.ADD_EMPLOYEE, request, Employee, token)


async def _login(asker: Asker, username: str, password: str = PASSWORD) -> EmployeeSession:
    request = employees.EmployeeLogin(
        username=username, password=Secret(password), access_seconds=86_400
    )
    return await asker.ask(catalog.LOGIN_EMPLOYEE, request, EmployeeSession)


async def _change(asker: Asker, token: str, employee_id: str, **fields: Any) -> Employee:
    request = employees.ChangeEmployee.model_validate({"employee_id": employee_id, **fields})
    return await asker.ask(catalog.CHANGE_EMPLOYEE, request, Employee, token)


async def _listed(asker: Asker, token: str, q: str | None = None) -> set[str]:
    request = employees.ListEmployees(q=q)
    found = await asker.ask(catalog.LIST_EMPLOYEES, request, EmployeeList, token)
    return {each.username for each in found.items}


async def _admits(asker: Asker, token: Secret) -> bool:
    try:
        await asker.verifier().verify(token.get_secret_value())
    except MusterError as error:
        if error.problem.code is not Code.UNAUTHORIZED:
            raise
        return False
    return True


async def _refused(code: Code, asking: Any) -> None:
    with pytest.raises(MusterError) as caught:
        await asking
    assert caught.value.problem.code is code


async def test_an_employee_logs_in_and_is_who_the_token_says(asker: Asker) -> None:
    admin = await _token(asker)
    made = await _add(asker, admin)
    session = await _login(asker, made.username.upper())
    assert session.employee == made
    caller = await asker.verifier().verify(session.access_token.get_secret_value())
    assert (caller.employee_id, caller.enroll_id) == (made.id, made.enroll_id)
    assert (caller.owner, caller.role, caller.user_id) == (made.owner, "employee", 0)
    assert {each for each in Permission if caller.may(each)} == {Permission.PUNCHES_OWN}
    token = session.access_token.get_secret_value()
    assert await asker.ask(catalog.GET_SELF, employees.GetSelf(), Employee, token) == made


async def test_what_is_a_users_is_not_an_employees_and_the_other_way_round(asker: Asker) -> None:
    admin = await _token(asker)
    made = await _add(asker, admin)
    token = (await _login(asker, made.username)).access_token.get_secret_value()
    listing = asker.ask(catalog.LIST_EMPLOYEES, employees.ListEmployees(), EmployeeList, token)
    await _refused(Code.FORBIDDEN, listing)
    await _refused(Code.FORBIDDEN, asker.ask(catalog.LOGOUT, auth.Logout(), auth.LoggedOut, token))
    await _refused(
        Code.FORBIDDEN, asker.ask(catalog.GET_SELF, employees.GetSelf(), Employee, admin)
    )


async def test_usernames_are_everybodys_and_enroll_ids_an_owners(asker: Asker) -> None:
    admin, other = await _token(asker), await _token(asker, OTHER_ADMIN)
    made = await _add(asker, admin, enroll_id="4711")
    await _refused(Code.USERNAME_TAKEN, _add(asker, other, username=made.username.upper()))
    await _refused(Code.ENROLL_ID_TAKEN, _add(asker, admin, enroll_id="004711"))
    await _add(asker, other, enroll_id="4711")
    second = await _add(asker, admin)
    await _refused(Code.ENROLL_ID_TAKEN, _change(asker, admin, second.id, enroll_id="4711"))
    await _refused(Code.USERNAME_TAKEN, _change(asker, admin, second.id, username=made.username))


async def test_nobody_sees_or_changes_another_owners_employees(asker: Asker) -> None:
    admin, other = await _token(asker), await _token(asker, OTHER_ADMIN)
    made = await _add(asker, admin)
    assert made.username in await _listed(asker, admin)
    assert made.username not in await _listed(asker, other)
    await _refused(Code.NOT_FOUND, _change(asker, other, made.id, full_name="Mine"))
    removing = employees.RemoveEmployee(employee_id=made.id)
    await _refused(Code.NOT_FOUND, asker.ask(catalog.REMOVE_EMPLOYEE, removing, Employee, other))
    for wrong in ("x", "0" * 24, "a\0b"):
        await _refused(Code.NOT_FOUND, _change(asker, admin, wrong, full_name="Nobody"))


@pytest.mark.parametrize("field", ["username", "full_name", "phone", "email"])
async def test_the_search_is_literal_and_looks_at_four_fields(asker: Asker, field: str) -> None:
    admin = await _token(asker)
    odd = f"50%_{new_id().hex[:8]}"
    value = f"{odd}@example.test" if field == "email" else f"{odd}Ä"
    made = await _add(asker, admin, **{field: value})
    other = await _add(asker, admin)
    assert await _listed(asker, admin, odd.upper()) == {made.username}
    assert await _listed(asker, admin, "%") >= {made.username}
    assert other.username not in await _listed(asker, admin, "%")
    assert await _listed(asker, admin, "a\0b") == set()
    if field != "username":
        assert made.username in await _listed(asker, admin, made.username[2:])
    assert await _listed(asker, admin, made.enroll_id + "x") == set()


@pytest.mark.parametrize(
    ("changed", "lives"),
    [
        ({"full_name": "Another Name"}, True),
        ({"can_view_fingerprint": False}, True),
        ({"password": "another long word"}, False),
        ({"enroll_id": "9988"}, False),
        ({"is_active": False}, False),
        ({"can_login_app": False}, False),
    ],
)
async def test_a_session_ends_when_its_token_is_no_longer_true(
    asker: Asker, changed: dict[str, Any], lives: bool
) -> None:
    admin = await _token(asker)
    made = await _add(asker, admin)
    session = await _login(asker, made.username)
    after = await _change(asker, admin, made.id, **changed)
    assert after.updated_at > made.updated_at
    if lives:
        # Waited out: a session that does end is refused within this time.
        later = await _add(asker, admin)
        ended = await _login(asker, later.username)
        await _change(asker, admin, later.id, is_active=False)
        await eventually(lambda: _not(_admits(asker, ended.access_token)), 10)
        assert await _admits(asker, session.access_token)
    else:
        await eventually(lambda: _not(_admits(asker, session.access_token)), 10)


async def _not(asking: Any) -> bool:
    return not await asking


async def test_whoever_is_barred_does_not_log_in(asker: Asker) -> None:
    admin = await _token(asker)
    made = await _add(asker, admin)
    await _change(asker, admin, made.id, can_login_app=False)
    await _refused(Code.APP_LOGIN_DISABLED, _login(asker, made.username))
    await _refused(Code.INVALID_CREDENTIALS, _login(asker, made.username, "a wrong word"))
    await _refused(Code.INVALID_CREDENTIALS, _login(asker, "nobody", "a wrong word"))
    await _change(asker, admin, made.id, can_login_app=True, is_active=False)
    await _refused(Code.APP_LOGIN_DISABLED, _login(asker, made.username))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "another long word"}, Code.INVALID_CREDENTIALS),
        ({"is_active": False}, Code.APP_LOGIN_DISABLED),
        (None, Code.INVALID_CREDENTIALS),
    ],
    ids=["password", "barred", "let go"],
)
async def test_a_login_that_a_change_overtakes_opens_no_session(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any] | None, code: Code
) -> None:
    """Between the look at the password and the session, the employee is not what they were."""
    admin = await _token(asker)
    made = await _add(asker, admin)
    check = Passwords.check

    async def overtaken(self: Passwords, password: str, known: str | None) -> Any:
        found = await check(self, password, known)
        if change is None:
            removing = employees.RemoveEmployee(employee_id=made.id)
            await asker.ask(catalog.REMOVE_EMPLOYEE, removing, Employee, admin)
        else:
            await _change(asker, admin, made.id, **change)
        return found

    monkeypatch.setattr(Passwords, "check", overtaken)
    await _refused(code, _login(asker, made.username))
    alive = "select 1 from employee_sessions where employee_id = :id and ended_at is null"
    assert await asker.sql(alive, id=made.id) == []


async def test_an_employee_who_was_let_go_is_nobody(asker: Asker) -> None:
    admin = await _token(asker)
    made = await _add(asker, admin)
    session = await _login(asker, made.username)
    removing = employees.RemoveEmployee(employee_id=made.id)
    assert (await asker.ask(catalog.REMOVE_EMPLOYEE, removing, Employee, admin)).id == made.id
    await _refused(Code.INVALID_CREDENTIALS, _login(asker, made.username))
    await eventually(lambda: _not(_admits(asker, session.access_token)), 10)
    again = await _add(asker, admin, username=made.username, enroll_id=made.enroll_id)
    assert again.id != made.id


async def test_whoever_is_barred_is_nobody_before_their_session_is_known_to_be_over(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await _token(asker)
    for barred in ("is_active", "can_login_app"):
        made = await _add(asker, admin)
        token = (await _login(asker, made.username)).access_token.get_secret_value()
        await asker.ask(catalog.GET_SELF, employees.GetSelf(), Employee, token)
        with monkeypatch.context() as patched:
            # No word of the end is heard: what is asked of auth itself does not wait for it.
            patched.setattr(outbox, "write", _unsaid)
            await _change(asker, admin, made.id, **{barred: False})
        asking = asker.ask(catalog.GET_SELF, employees.GetSelf(), Employee, token)
        await _refused(Code.UNAUTHORIZED, asking)


async def _unsaid(*_: object) -> None:
    """Stand in for the outbox."""


async def test_sessions_are_forgotten_when_their_tokens_have_run_out(asker: Asker) -> None:
    admin = await _token(asker)
    gone, stays = await _add(asker, admin), await _add(asker, admin)
    await _login(asker, gone.username)
    await asker.ask(
        catalog.REMOVE_EMPLOYEE, employees.RemoveEmployee(employee_id=gone.id), Employee, admin
    )
    query = "select count(*) from employee_sessions where employee_id = :id"
    assert await asker.sql(query, id=gone.id) == [(1,)], "its end must be known while it could live"
    await asker.sql(
        "update employee_sessions set expires_at = now() - interval '1 s' where employee_id = :id",
        id=gone.id,
    )
    await _login(asker, stays.username)
    assert await asker.sql(query, id=gone.id) == [(0,)]
    assert await asker.sql(query, id=stays.id) == [(1,)]


@pytest.mark.parametrize("field", ["full_name", "phone"])
async def test_text_that_no_database_holds_is_bad_input(asker: Asker, field: str) -> None:
    admin = await _token(asker)
    made = await _add(asker, admin)
    fields = {"enroll_id": "7", "username": "nul", "password": PASSWORD, "full_name": "Ann"}
    bad = {field: "a\0b"}
    for question, sent in (
        (catalog.ADD_EMPLOYEE, {**fields, **bad}),
        (catalog.CHANGE_EMPLOYEE, {"employee_id": made.id, **bad}),
    ):
        headers = {"authorization": admin}
        reply = await asker.bus.request(question.subject, json.dumps(sent).encode(), headers, 10)
        assert json.loads(reply)["error"]["code"] == Code.VALIDATION_ERROR


async def test_guesses_at_one_employee_are_slowed_down(asker: Asker) -> None:
    for _ in range(20):
        await _refused(Code.INVALID_CREDENTIALS, _login(asker, "guessed", "a wrong word"))
    await _refused(Code.TOO_MANY_REQUESTS, _login(asker, "guessed", "a wrong word"))


async def test_no_hash_leaves_auth(asker: Asker) -> None:
    made = await _add(asker, await _token(asker))
    assert "argon2" not in made.model_dump_json(context={"reveal": True})
    rows = await asker.sql("select password from employees where id = :id", id=made.id)
    assert str(rows[0][0]).startswith("$argon2id$")
