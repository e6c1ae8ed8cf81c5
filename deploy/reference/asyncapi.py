"""The AsyncAPI document of everything that is said on the bus, made from the catalogue."""

import json
import re
from typing import Any, Final

from shared.contracts import catalog
from shared.contracts.catalog import Channel, Question
from shared.contracts.message import Message

_SCHEMAS: Final = "#/components/schemas/{model}"


def asyncapi() -> str:
    """Return the document as JSON text."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for channel in catalog.EVENTS:
        name = channel.message.__name__
        channels[name] = _channel(channel.subject, {name: channel.message}, channel)
        operations[f"hear{name}"] = _operation("receive", name, channel.summary)
        _add_schema(schemas, channel.message)
    for question in catalog.QUESTIONS:
        name = f"{question.service}{question.request.__name__}"
        channels[name] = _question(question)
        operations[f"ask{name[0].upper()}{name[1:]}"] = _operation("send", name, question.summary)
        _add_schema(schemas, question.request)
        _add_schema(schemas, question.reply)
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "muster",
            "version": "1",
            "description": (
                "Events over NATS JetStream. A program outside the project may read recorded "
                "punches (PunchesRecorded) with its own credentials and its own durable cursor."
            ),
            "license": {"name": "GPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas},
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _channel(subject: str, messages: dict[str, type[Message]], channel: Channel) -> dict[str, Any]:
    described: dict[str, Any] = {
        "address": subject,
        "description": channel.summary,
        "messages": {
            name: {"payload": {"$ref": _SCHEMAS.format(model=model.__name__)}}
            for name, model in messages.items()
        },
        "x-publishers": list(channel.publishers),
        "x-readers": list(channel.readers),
        "x-stream": channel.stream.name if channel.stream else None,
    }
    return described | _parameters(subject)


def _question(question: Question) -> dict[str, Any]:
    names = {"request": question.request, "reply": question.reply}
    return {
        "address": question.subject,
        "description": question.summary,
        "messages": {
            name: {"payload": {"$ref": _SCHEMAS.format(model=model.__name__)}}
            for name, model in names.items()
        },
        "x-publishers": list(question.askers),
        "x-readers": [question.service],
        "x-permission": question.permission,
    } | _parameters(question.subject)


def _parameters(subject: str) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", subject)
    return {"parameters": {name: {"description": f"The {name}."} for name in names}}


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _add_schema(schemas: dict[str, Any], message: type[Message]) -> None:
    schema = message.model_json_schema(ref_template=_SCHEMAS)
    schemas.update(schema.pop("$defs", {}))
    schemas[message.__name__] = schema
