"""The JSON schema of every message, and the command that writes the ones it is told to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from shared.contracts import catalog
from shared.contracts.errors import Problem
from shared.contracts.message import Message

DIRECTORY: Final = Path(__file__).parent
_ALL: Final[tuple[type[Message], ...]] = (
    *(channel.message for channel in catalog.EVENTS),
    *(question.request for question in catalog.QUESTIONS),
    *(question.reply for question in catalog.QUESTIONS),
    Problem,
)
MESSAGES: Final = {message.__name__: message for message in _ALL}


def schema_of(name: str) -> str:
    """Return a message's JSON schema as text."""
    return json.dumps(MESSAGES[name].model_json_schema(), indent=1, sort_keys=True) + "\n"
