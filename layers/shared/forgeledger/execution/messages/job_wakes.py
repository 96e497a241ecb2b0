"""Wakes of jobs that the dispatcher asks for, on the clock's queue."""

import logging

from forgeledger.aws.errors import may_pass
from forgeledger.clock.model.due import Due
from forgeledger.clock.ports import WakeSender
from forgeledger.errors import QueueRefused
from forgeledger.jobs.model.wakes import wake_name
from forgeledger.runtime import Runtime

_log = logging.getLogger(__name__)


class JobWakes:
    def __init__(self, wakes: WakeSender, runtime: Runtime) -> None:
        self._wakes = wakes
        self._runtime = runtime

    def wake(self, job_id: str, seconds: int) -> None:
        """A round looks at the job as well, so that a wake which cannot be sent only delays."""
        due = Due(pk=wake_name(job_id), at=self._runtime.clock() + seconds * 1000)
        try:
            self._wakes.send([due])
        except Exception as error:
            if not isinstance(error, QueueRefused) and not may_pass(error):
                raise
            _log.warning("wake of job %s not sent", job_id, exc_info=error)
