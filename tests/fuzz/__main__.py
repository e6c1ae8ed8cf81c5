"""Fuzz one target with coverage: ``python -m tests.fuzz TARGET --runs N``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["services.devices.drivers"]):
    from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).with_name("corpus")


def main() -> None:
    """Run until the bound, or until an input fails: its path is printed by the fuzzer."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as found:
        # What it finds goes into the first directory: the corpus in the repository stays small.
        fuzzer = [
            sys.argv[0],
            f"-runs={arguments.runs}",
            f"-seed={arguments.seed}",
            "-max_len=4096",
            "-print_final_stats=1",
            f"-artifact_prefix={Path.cwd()}/",
            found,
            str(CORPUS / arguments.target),
        ]
        atheris.Setup(fuzzer, TARGETS[arguments.target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
