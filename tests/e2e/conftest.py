"""One demo for all end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.demo import Demo, running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """The demo, up and ready."""
    async with running(tmp_path_factory.mktemp("demo") / "muster") as demo:
        yield demo
