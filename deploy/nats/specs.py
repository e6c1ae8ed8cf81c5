"""Streams and consumers in the broker's own words, and where what is there differs from them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.contracts.streams import ConsumerSpec, StreamSpec

Config = dict[str, Any]


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def stream_config(spec: StreamSpec) -> Config:
    """Return a stream's settings; None stands for one that must not be there."""
    return {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "retention": spec.retention,
        "discard": spec.discard,
        "storage": "file",
        "max_age": _nanoseconds(spec.max_age),
        "max_bytes": spec.max_bytes,
        "max_msgs": -1,
        "max_msg_size": -1,
        "max_msgs_per_subject": spec.max_msgs_per_subject,
        "max_consumers": spec.max_consumers,
        "duplicate_window": _nanoseconds(spec.duplicate_window),
        "allow_direct": spec.allow_direct,
        "allow_msg_ttl": spec.allow_msg_ttl,
        "no_ack": False,
        "persist_mode": None,
        "republish": None,
        "subject_transform": None,
    }


def consumer_config(spec: ConsumerSpec) -> Config:
    """Return a durable consumer's settings; None stands for one that must not be there."""
    return {
        "name": spec.durable,
        "durable_name": spec.durable,
        "filter_subject": spec.filter_subject,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": _nanoseconds(spec.ack_wait),
        "max_ack_pending": spec.max_ack_pending,
        "max_deliver": -1,
        "deliver_subject": None,
        "headers_only": None,
        "backoff": None,
        "pause_until": None,
    }


def drift(wanted: Config, found: Mapping[str, Any]) -> Config:
    """Return the settings that are not as wanted, with the values they should have."""
    # The broker leaves out what is zero, false or unset.
    return {
        setting: value
        for setting, value in wanted.items()
        if (found.get(setting) or None) != (value or None)
    }


def without_unset(config: Mapping[str, Any]) -> Config:
    """Return the settings to send: those that are set."""
    return {setting: value for setting, value in config.items() if value is not None}


def deletes(setting: str, value: Any, state: Mapping[str, Any], now: datetime) -> bool:
    """Whether the broker would delete messages, were the setting given this value now."""
    match setting:
        case "max_bytes":
            return bool(value > 0 and state["bytes"] > value)
        case "max_msgs_per_subject":
            return bool(value > 0 and state["messages"] > value * state.get("num_subjects", 0))
        case "max_age":
            if value <= 0 or not state["messages"]:
                return False
            age = now - datetime.fromisoformat(state["first_ts"])
            return _nanoseconds(age.total_seconds()) > int(value)
        case _:
            return False
