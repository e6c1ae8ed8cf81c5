"""The arrows of the architecture: import contracts, and what import-linter cannot see."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from shared.contracts import catalog, streams
from shared.contracts.auth import GRANTS, Permission
from shared.contracts.errors import CATALOGUE, Code
from shared.kit.migrate import heads_of

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for part in ("services", "shared", "deploy") for path in (ROOT / part).rglob("*.py")
)


def test_every_import_contract_is_kept() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("service", catalog.SERVICES)
def test_each_schema_has_one_migration_head(service: str) -> None:
    assert len(heads_of(service)) == 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for_in_its_first_line(path: Path) -> None:
    if "versions" in path.parts:
        return
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "no docstring"
    assert len(docstring.splitlines()[0]) > 10


def test_only_settings_read_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name != "settings.py" and "os.environ" in path.read_text(encoding="utf-8")
    ]
    assert readers == []


def test_only_the_kit_makes_a_broker() -> None:
    makers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "NatsBroker(" in path.read_text(encoding="utf-8")
        or "nats.connect(" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["shared/kit/bus.py"]


def test_streams_that_carry_punches_in_cannot_lose_them() -> None:
    for spec in (streams.PUNCH, streams.OUTCOME, streams.operation_stream("hq")):
        assert (spec.retention, spec.discard, spec.max_age) == ("workqueue", "new", 0)


def test_every_stream_of_the_catalogue_listens_to_its_channel() -> None:
    for channel in catalog.EVENTS:
        if channel.stream is not None:
            wanted = channel.subject.replace(catalog.SITE, "*")
            listened = [each.replace(catalog.SITE, "*") for each in channel.stream.subjects]
            assert any(_covers(subject, wanted) for subject in listened), channel.subject


def _covers(pattern: str, subject: str) -> bool:
    wide, narrow = pattern.split("."), subject.split(".")
    for index, part in enumerate(wide):
        if part == ">":
            return len(narrow) > index
        if index >= len(narrow) or part not in {"*", narrow[index]}:
            return False
    return len(wide) == len(narrow)


def test_every_error_has_an_entry_and_every_entry_says_what_to_do() -> None:
    assert set(CATALOGUE) == set(Code)
    for spec in CATALOGUE.values():
        assert 400 <= spec.status <= 599
        assert len(spec.advice) > 15


def test_an_admin_may_do_all_a_user_may() -> None:
    assert GRANTS["user"] < GRANTS["admin"]
    assert Permission.PUBLIC not in GRANTS["admin"]
