"""What callers send of people on devices."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from services.gateway.routes.bodies import invalid
from services.gateway.routes.examples import example
from services.gateway.routes.refusals import RefusalError
from services.gateway.routes.shapes.fields import PLAIN, PersonName, Strict
from services.gateway.routes.timmy.shapes.fields import BodySerial, Person, is_person
from shared.contracts.actions import Enroll
from shared.contracts.errors import FieldProblem

MOST: Final = 1000
"""The most people one request may name."""
_SLOTS: Final = frozenset({*range(12), *range(20, 28), 50})
_NO_SLOT: Final = "must be 0 to 9 (a finger), 10, 11, 20 to 27 or 50 (a face)"
_Named = Annotated[list[Any], Field(max_length=MOST)]
_NUMBERS: Final[dict[str, Any]] = {
    "items": {"type": "integer", "minimum": 1, "maximum": 999_999_999_999}
}


def _people(sent: list[Any]) -> list[int]:
    """Return the people who are named, each once; raise VALIDATION_ERROR with what is none."""
    offenders = [each for each in sent if not is_person(each)]
    if offenders:
        fields = (FieldProblem(field="enrollIds", problem=f"{len(offenders)} are no enroll ids"),)
        shown = [each if isinstance(each, int | float | str | None) else "…" for each in offenders]
        raise RefusalError(invalid(fields).problem, offenders=shown)
    return list(dict.fromkeys(sent))


def _slot(sent: int) -> int:
    if sent not in _SLOTS:
        raise ValueError(_NO_SLOT)
    return sent


class Deletion(Strict):
    """Who is to be deleted."""

    model_config = example(enrollIds=[2, 3, 15])

    enroll_ids: Annotated[_Named, Field(min_length=1)] = Field(
        alias="enrollIds", json_schema_extra=_NUMBERS
    )

    def people(self) -> list[int]:
        """Return the people who are named, each once; raise VALIDATION_ERROR for what is none."""
        return _people(self.enroll_ids)


class Transfer(Strict):
    """Who is to be brought from one device to another; without ``enrollIds``, everybody."""

    model_config = example(
        fromSn="ZXRE06022863", toSn="TYSG18086518", enrollIds=[2, 3], deleteFromSource=True
    )

    from_sn: BodySerial = Field(alias="fromSn")
    to_sn: BodySerial = Field(alias="toSn")
    enroll_ids: _Named | None = Field(default=None, alias="enrollIds", json_schema_extra=_NUMBERS)
    delete_from_source: bool = Field(default=False, alias="deleteFromSource")
    overwrite: bool = False
    """Whether a person of another name may be replaced."""

    def people(self) -> list[int] | None:
        """Return the people who are named, each once, None for everybody."""
        if self.from_sn.casefold() == self.to_sn.casefold():
            problem = "must be another device than fromSn"
            raise invalid((FieldProblem(field="toSn", problem=problem),))
        return None if self.enroll_ids is None else _people(self.enroll_ids)


class Newcomer(Strict):
    """A person to be enrolled at a device."""

    model_config = example(enrollid=10012, name="John Smith1", aliasid="JSMITH1", backupnum=50)

    enrollid: Person
    name: PersonName
    aliasid: Annotated[str, Field(max_length=32, pattern=PLAIN)] | None = None
    backupnum: Annotated[
        int, AfterValidator(_slot), Field(json_schema_extra={"enum": sorted(_SLOTS)})
    ]
    """0 to 9: a finger; 50: a face."""

    def asking(self) -> Enroll:
        """Return what is asked of the device."""
        return Enroll(
            user_id=str(self.enrollid),
            finger=self.backupnum,
            name=self.name,
            alias=self.aliasid or None,
            follow=False,
        )
