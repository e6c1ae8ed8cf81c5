"""Traces: one trace follows a punch or a request through every process it passes.

A process exports its spans as JSON lines to a file, over OTLP when the standard environment
variable names an endpoint, or both.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind
from typing_extensions import override

from shared.kit.settings import Settings

__all__ = ["FileExporter", "SpanKind", "carry", "part", "setup", "span"]
_EXPORT_MILLIS: Final = 500.0


class FileExporter(SpanExporter):
    """Appends each span to a file as one JSON line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans and hand them to the operating system."""
        self._file.writelines(f"{each.to_json(indent=None)}\n" for each in spans)
        self._file.flush()
        return SpanExportResult.SUCCESS

    @override
    def shutdown(self) -> None:
        """Close the file."""
        self._file.close()


def setup(service: str, settings: Settings) -> TracerProvider:
    """Start exporting this process's spans; call ``shutdown`` on what is returned at the end."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    exporters: list[SpanExporter] = []
    if settings.trace_file:
        exporters.append(FileExporter(settings.trace_file))
    if settings.otlp_endpoint:
        exporters.append(OTLPSpanExporter())
    for exporter in exporters:
        provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_MILLIS)
        )
    trace.set_tracer_provider(provider)
    return provider


@contextlib.contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    headers: Mapping[str, str] | None = None,
    **attributes: Any,
) -> Iterator[trace.Span]:
    """Open a span; ``headers`` continue the trace of whoever sent them."""
    parent = propagate.extract(headers) if headers is not None else None
    tracer = trace.get_tracer("muster")
    with tracer.start_as_current_span(
        name, context=parent, kind=kind, attributes=attributes
    ) as current:
        yield current


@contextlib.contextmanager
def part(name: str, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[None]:
    """Open a span within the current one; none when there is none, as in a poll that never ends."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with span(name, kind):
        yield


def carry(headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the headers with the current trace added, for whatever leaves this process."""
    carried = dict(headers or {})
    propagate.inject(carried)
    return carried
