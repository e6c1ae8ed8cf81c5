"""Write docs/reference, or with --check tell whether it is what the code says."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.reference.asyncapi import asyncapi
from deploy.reference.openapi import openapi
from deploy.reference.pages import bus_page, errors_page, settings_page

DIRECTORY: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "bus.md": bus_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
    "asyncapi.json": asyncapi,
    "openapi.json": openapi,
}


def stale(directory: Path) -> list[str]:
    """Return the names of pages that are missing or say something else than the code."""
    return [
        name
        for name, page in PAGES.items()
        if not (directory / name).exists()
        or (directory / name).read_text(encoding="utf-8") != page()
    ]


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    if parser.parse_args().check:
        if names := stale(DIRECTORY):
            sys.stderr.write(f"stale: {', '.join(names)}; run `make generate`\n")
            return 1
        return 0
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (DIRECTORY / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
