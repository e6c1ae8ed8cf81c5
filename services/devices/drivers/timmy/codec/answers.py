"""A terminal's answers as people may see them: without what anybody is known by."""

from typing import Any, Final

_SECRET: Final = frozenset(
    {"record", "pwd", "password", "card", "image", "photo", "photourl", "profile"}
)
_LONGEST: Final = 256


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """Return an answer for the ledger: secrets masked, lists as how many there are, texts cut.

    A record is masked whole: the digest of a password of eight digits would give it away.
    """
    return {key: _shown(key, value) for key, value in body.items()}


def _shown(key: str, value: Any) -> Any:
    match value:
        case list():
            return f"{len(value)} entries"
        case dict():
            return shown(value)
        case _ if key in _SECRET and value not in {None, "", 0, "0"}:
            return "***"
        case str():
            return value[:_LONGEST]
        case _:
            return value
