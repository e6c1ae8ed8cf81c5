"""What the README tells people to type does what it says, typed exactly so."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.e2e.demo import Demo, Json

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"<!-- a test runs this block as it stands -->\n```(\w+)\n(.*?)```", README, re.DOTALL
)


def block(language: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language]
    return str(found)


async def test_the_walk_with_curl(demo: Demo) -> None:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", block("bash")),
        cwd=ROOT,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            # The one table of what is put in: where the demo of this test answers.
            "API": f"{demo.guide['gateway']}/api/v1",
            "WALL": "127.0.7.9",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    answers = list(_answers(out.decode()))
    read, info, added, enrolling, unlocked = answers[-5:]
    assert read["metadata"]["total"] == 40
    assert len(read["data"]) == 3
    assert info["data"]["counts"]["records"] == 40
    assert added["data"]["user_id"] == "2001"
    assert enrolling["data"]["job_id"]
    assert unlocked["data"]["audit_id"].startswith("AUD-")


def _answers(said: str) -> Iterator[Json]:
    """Every JSON object in what was printed, one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := said.find("{", at)) >= 0:
        value, at = decoder.raw_decode(said, at)
        yield value


async def test_the_program_outside(demo: Demo, tmp_path: Path) -> None:
    """It sees every recorded punch from its cursor on; a second one goes on where it stopped."""
    (tmp_path / ".muster").mkdir()
    (tmp_path / ".muster" / "demo.json").write_text(json.dumps(demo.guide), encoding="utf-8")
    program = block("python")
    assert len(program.strip().splitlines()) <= 15
    first = await _listen(program, tmp_path, 30)
    second = await _listen(program, tmp_path, 1)
    assert first == list(range(first[0], first[0] + len(first))), "gapless"
    assert second[0] > first[-1] - 250, "its cursor is durable"


async def _listen(program: str, directory: Path, lines: int) -> list[int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), cwd=directory, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            return [int((await process.stdout.readline()).split()[0]) for _ in range(lines)]
    finally:
        process.kill()
        await process.communicate()
