"""Failures as exceptions: raised anywhere, turned into a Problem at the edge of the process."""

from shared.contracts.errors import CATALOGUE, Code, FieldProblem, Problem


class MusterError(Exception):
    """A failure with a code of the catalogue; ``details`` says what is particular to this one."""

    def __init__(
        self,
        code: Code,
        details: str | None = None,
        *,
        status: int | None = None,
        fields: tuple[FieldProblem, ...] = (),
    ) -> None:
        spec = CATALOGUE[code]
        super().__init__(f"{code}: {details or spec.advice}")
        self.problem = Problem(
            code=code,
            details=details or spec.advice,
            status=status or spec.status,
            fields=fields,
        )

    @classmethod
    def of(cls, problem: Problem) -> "MusterError":
        """Return the exception for a problem that came over the bus."""
        return cls(problem.code, problem.details, status=problem.status, fields=problem.fields)


class StartupError(Exception):
    """The service must not run like this; the sentence says what to mend."""


class NotYetError(Exception):
    """What the work needs is not there yet; trying again later is right, however long it takes."""
