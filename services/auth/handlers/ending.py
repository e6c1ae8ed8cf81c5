"""The word to every service that a session is ended."""

from typing import Final
from uuid import UUID

from services.auth import rules
from shared.contracts import streams
from shared.contracts.auth import LoggedOut
from shared.kit.outbox import Said
from shared.kit.security import ended_entry

_AUTH_STREAM: Final = streams.of_bucket(streams.AUTH)


def ended(session: UUID) -> Said:
    """Return the word that a user's session is ended."""
    return _ended(session, rules.ENDED_SECONDS)


def ended_employee(session: UUID) -> Said:
    """Return the word that an employee's session is ended; their tokens live longer."""
    return _ended(session, rules.ENDED_EMPLOYEE_SECONDS)


def _ended(session: UUID, seconds: int) -> Said:
    entry = ended_entry(str(session))
    word = LoggedOut(session=str(session))
    return Said(_AUTH_STREAM, streams.AUTH.subject(entry), entry, word, seconds)
