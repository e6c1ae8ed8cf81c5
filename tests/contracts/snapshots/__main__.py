"""Write the snapshots named on the command line, and no others."""

from __future__ import annotations

import sys

from tests.contracts.snapshots import DIRECTORY, schema_of

for name in sys.argv[1:]:
    (DIRECTORY / f"{name}.json").write_text(schema_of(name), encoding="utf-8")
