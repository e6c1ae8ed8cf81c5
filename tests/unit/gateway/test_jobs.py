"""Jobs as answers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.gateway.routes.views.jobs import result_of
from shared.contracts.actions import Count, Done, Result
from shared.contracts.errors import Code
from shared.contracts.operations import Job
from shared.kit.errors import MusterError


@pytest.mark.parametrize("result", [None, Done()])
def test_a_result_of_another_kind_is_a_defect(result: Result | None) -> None:
    job = Job(
        job_id="j",
        operation_id=UUID(int=1),
        type="user-sync",
        kind="read_users",
        device_id=1,
        status="completed",
        queued_at=datetime(2024, 2, 5, tzinfo=UTC),
        result=result,
    )
    with pytest.raises(MusterError) as defect:
        result_of(job, Count)
    assert defect.value.problem.code is Code.INTERNAL_ERROR
    counted = Count(count=2)
    assert result_of(job.model_copy(update={"result": counted}), Count) == counted
