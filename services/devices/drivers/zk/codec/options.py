"""A device's own settings as text."""

from services.devices.drivers.zk.codec import texts


def asked(name: str) -> bytes:
    """Return the data that asks for an option."""
    return name.encode("ascii") + b"\x00"


def written(name: str, value: str, encoding: str) -> bytes:
    """Return the data that sets an option."""
    return f"{name}={value}".encode(encoding, errors="replace") + b"\x00"


def value_of(name: str, body: bytes, encoding: str = "utf-8") -> str | None:
    """Return the value in ``Name=Value``, or None when the device tells of another option."""
    said, separator, value = texts.text(body, encoding).partition("=")
    return value.strip() if separator and said.strip() == name else None
