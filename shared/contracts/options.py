"""A device's own settings: how they may be named, and what they may be set to."""

from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

_COMM_KEY: Final = "is the comm key, a secret; it is set in the device's own menu"


def _no_secret(name: str) -> str:
    # Names and values are stored and shown as they are.
    if name.casefold() == "comkey":
        raise ValueError(_COMM_KEY)
    return name


OptionName = Annotated[
    str,
    StringConstraints(pattern=r"^[~A-Za-z][A-Za-z0-9_]{0,63}$"),
    AfterValidator(_no_secret),
]
OptionValue = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]*$", max_length=256)]
