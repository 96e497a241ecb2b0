"""Job keys: a client's own name of a job, which stays with that job for good."""

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.jobs import Job


@fast_frozen
class KeyHolder:
    """The job that a key names, and what tells whether a request asks for that job."""

    job_id: str
    fingerprint: str


@fast_frozen
class KeyClaim:
    """What a creation writes of its job's key, if nobody has the key or `former` still has it."""

    fingerprint: str
    # A job that ended badly, as it was read: the key moves from it.
    former: Job | None = None
