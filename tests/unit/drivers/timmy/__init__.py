"""The Timmy driver against facts of timmy.md and a terminal of plain values."""
