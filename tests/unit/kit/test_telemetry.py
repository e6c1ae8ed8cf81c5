"""Which spans are opened."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.kit import telemetry


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def test_a_part_belongs_to_a_whole(written: InMemorySpanExporter) -> None:
    with telemetry.span("whole"), telemetry.part("part"):
        pass
    assert [each.name for each in written.get_finished_spans()] == ["part", "whole"]


def test_a_part_of_nothing_is_not_written(written: InMemorySpanExporter) -> None:
    with telemetry.part("poll"):
        pass
    assert written.get_finished_spans() == ()
