"""Pages for people: the bus as a table, every error, every setting."""

from collections.abc import Iterable
from typing import Any, Final

from deploy.local.settings import LocalSettings
from deploy.nats.settings import ProvisionerSettings
from services.attendance.settings import AttendanceSettings
from services.auth.settings import AuthSettings
from services.devices.agent.settings import AgentSettings
from services.devices.settings import DevicesSettings
from services.forwarder.settings import ForwarderSettings
from services.gateway.settings import GatewaySettings
from shared.contracts import catalog, streams
from shared.contracts.errors import CATALOGUE
from shared.contracts.streams import StreamSpec

_MADE: Final = "<!-- made by `make generate`; change the code instead -->"
_SETTINGS: Final[dict[str, Any]] = {
    "auth": AuthSettings,
    "devices": DevicesSettings,
    "agent": AgentSettings,
    "attendance": AttendanceSettings,
    "forwarder": ForwarderSettings,
    "gateway": GatewaySettings,
    "provisioner": ProvisionerSettings,
    "local runner": LocalSettings,
}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def _retention(stream: StreamSpec) -> str:
    age = f"{stream.max_age / 86_400:g} d" if stream.max_age else "no age"
    return f"{stream.retention}, discard {stream.discard}, {age}, {stream.max_bytes >> 20} MiB"


def bus_page() -> str:
    """Return every subject, its stream and retention, who may say it and who may hear it."""
    events = _table(
        ("subject", "message", "stream", "said by", "heard by", "what"),
        (
            (
                f"`{each.subject}`",
                each.message.__name__,
                f"`{each.stream.name}`" if each.stream else "not stored",
                ", ".join(each.publishers),
                ", ".join(each.readers),
                each.summary,
            )
            for each in catalog.EVENTS
        ),
    )
    questions = _table(
        ("subject", "request → reply", "asked by", "answered by", "permission", "what"),
        (
            (
                f"`{each.subject}`",
                f"{each.request.__name__} → {each.reply.__name__}",
                ", ".join(each.askers),
                each.service,
                each.permission or "the broker's",
                each.summary,
            )
            for each in catalog.QUESTIONS
        ),
    )
    kept = _table(
        ("stream", "subjects", "retention", "consumers"),
        (
            (
                f"`{each.name}`",
                ", ".join(f"`{subject}`" for subject in each.subjects),
                _retention(each),
                ", ".join(consumer.durable for consumer in each.consumers) or "none",
            )
            for each in (*streams.STREAMS, streams.operation_stream("{site}"))
        ),
    )
    buckets = _table(
        ("bucket", "written by", "read by", "life of a value"),
        (
            (
                f"`{each.name}`",
                each.writer,
                ", ".join(each.readers),
                f"{each.ttl:g} s" if each.ttl else "for ever",
            )
            for each in streams.BUCKETS
        ),
    )
    return (
        f"{_MADE}\n# The bus\n\n`{{site}}` is a site's id; an agent has its own in that place, and "
        "`*` is one token of any value.\n"
        f"Who may say and hear what is enforced by the broker.\n\n## Events\n\n{events}\n"
        f"## Questions\n\nNever stored; each carries its caller's token.\n\n{questions}\n"
        f"## Streams\n\nAll of them on servers with `sync_interval: always`.\n\n{kept}\n"
        f"Each device has a durable consumer `device-<id>` on its site's operations: in order, one "
        "in flight.\nEach site has a durable consumer `subscriber-<site>` on `RECORDED`.\n\n"
        f"## Buckets\n\n{buckets}"
    )


def errors_page() -> str:
    """Return every error a user can meet."""
    rows = (
        (f"`{code}`", str(spec.status), spec.message, spec.advice)
        for code, spec in CATALOGUE.items()
    )
    table = _table(("code", "status", "message", "what to do"), rows)
    intro = "The same codes everywhere; `/api` writes them in small letters."
    return f"{_MADE}\n# Errors\n\n{intro}\n\n{table}"


def settings_page() -> str:
    """Return every setting of every process."""
    parts = [f"{_MADE}\n# Settings\n\nRead from the environment.\n"]
    for process, kind in _SETTINGS.items():
        rows = (
            (_variable(kind, name), f"`{field.default}`", field.description or "")
            for name, field in kind.model_fields.items()
        )
        parts.append(f"\n## {process}\n\n{_table(('variable', 'default', 'what'), rows)}")
    return "".join(parts)


def _variable(kind: Any, name: str) -> str:
    alias = kind.model_fields[name].validation_alias
    return f"`{alias}`" if alias else f"`{kind.model_config['env_prefix']}{name.upper()}`"
