"""Errors of the SDK.

ForgeLedgerError
+-- SdkError
    +-- ConfigurationError        addresses or names are missing; all of them are listed
    +-- WrongAddressError         not an address, or not the address of a ledger
    +-- InvalidSettingError       a setting of the SDK breaks a rule: which one, and the rule
    +-- InvalidCommandError       refused before it was sent: the field and the rule it breaks
    |   +-- EmptySealError        seal=True without items, and without allow_empty=True
    +-- InvalidItemError          the same for an item to register, with its index; register()
    |                             raises it as the cause of a RegistrationStoppedError
    +-- BufferFullError           nothing could be sent for as long as the caller would wait
    +-- UndeliveredError          closed with commands that SQS has not accepted
    +-- PermanentItemError        for handlers to raise: the item will never succeed, do not retry
    +-- InvalidWorkError          a message of the work queue names no job or no item
    +-- WorkerNotFoundError       `module:worker` names no worker
    +-- WorkerModuleError         its module raised when it was imported
    +-- WaitTimeoutError          the job did not finish in time; carries the last status
    +-- RegistrationStoppedError  a chunk could not be registered; carries the counts so far
    +-- NoAnswerError             the API could not be reached, retries included
    +-- ApiError                  the API answered with a problem document
        +-- InvalidRequestError   400, 413, 422: names every wrong field
        +-- AccessRefusedError    401, 403
        +-- NotFoundError         404 from the ledger itself
        +-- ConflictError         409, 410: the state of the job or item does not allow it
        +-- UnavailableError      429 and 5xx, retries included
"""

from typing import TYPE_CHECKING

from forgeledger.errors import ForgeLedgerError

if TYPE_CHECKING:
    from forgeledger.sdk.delivery import Delivery
    from forgeledger.sdk.records import Job, Problem, Registration


class SdkError(ForgeLedgerError):
    """Base of all errors of the SDK."""


class ConfigurationError(SdkError):
    def __init__(self, missing: tuple[str, ...], hint: str) -> None:
        super().__init__(f"missing: {', '.join(missing)}; {hint}")
        self.missing = missing


class WrongAddressError(SdkError, ValueError):
    def __init__(self, name: str, address: object, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.address = address


class InvalidSettingError(SdkError, ValueError):
    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class InvalidCommandError(SdkError, ValueError):
    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class EmptySealError(InvalidCommandError):
    """Nothing was sent: a job without items would complete as soon as it is sealed."""

    def __init__(self) -> None:
        why = "no items were given, and a job without items completes as soon as it is sealed"
        super().__init__("seal", f"{why}; allow_empty=True permits that")
        self.why = why


class InvalidItemError(SdkError, ValueError):
    def __init__(self, index: int, field: str, rule: str) -> None:
        super().__init__(f"items[{index}]: {field} {rule}")
        # Counted from 0 over everything that was given to register().
        self.index = index
        self.field = field
        self.rule = rule


class BufferFullError(SdkError):
    def __init__(self, *, pending: int, waited_seconds: float, last_refusal: str | None) -> None:
        because = f"; last answer of SQS: {last_refusal}" if last_refusal else ""
        super().__init__(
            f"the buffer holds {pending} commands and had no room for {waited_seconds:g} s{because}"
        )
        self.pending = pending
        self.waited_seconds = waited_seconds
        self.last_refusal = last_refusal


class UndeliveredError(SdkError):
    def __init__(self, delivery: "Delivery") -> None:
        super().__init__(
            f"{delivery.pending} commands not sent, {len(delivery.failed)} refused for good"
            + (f"; last answer of SQS: {delivery.last_refusal}" if delivery.last_refusal else "")
        )
        self.delivery = delivery


class PermanentItemError(SdkError):
    """The item fails for good, as for any exception with `retryable = False`."""

    retryable = False


class InvalidWorkError(SdkError, ValueError):
    """The body of a work message is invalid."""


class WorkerNotFoundError(SdkError):
    def __init__(self, app: str, why: str) -> None:
        super().__init__(f"{app}: {why}")
        self.app = app


class WorkerModuleError(SdkError):
    """The exception of the module is the cause."""

    def __init__(self, app: str, why: str) -> None:
        super().__init__(f"{app}: {why}")
        self.app = app


class WaitTimeoutError(SdkError):
    def __init__(self, job: "Job", timeout_seconds: float) -> None:
        finished = job.total - job.pending - job.in_progress
        goes_on = job.sealed or job.ending
        unsealed = "" if goes_on else "; it is not sealed, and only a sealed job can complete"
        super().__init__(
            f"job {job.job_id} is {job.status} after {timeout_seconds:g} s: "
            f"{finished} of {job.total} items finished{unsealed}"
        )
        self.job = job
        self.timeout_seconds = timeout_seconds


class RegistrationStoppedError(SdkError):
    """Repeating the registration is safe: known items count as alreadyExisted."""

    def __init__(self, registration: "Registration") -> None:
        super().__init__(f"registration stopped after {registration.sent} items were answered")
        self.registration = registration

    def __str__(self) -> str:
        """With the cause: logs often show the text of an error alone."""
        text = super().__str__()
        return text if self.__cause__ is None else f"{text}: {self.__cause__}"


class NoAnswerError(SdkError):
    def __init__(self, method: str, url: str, why: str) -> None:
        super().__init__(f"{method} {url}: {why}")
        self.method = method
        self.url = url
        self.why = why


class ApiError(SdkError):
    def __init__(self, problem: "Problem") -> None:
        # With errors the detail only says that they are in the JSON.
        fields = "; ".join(f"{wrong.field}: {wrong.message}" for wrong in problem.errors)
        super().__init__(f"{problem.status} {problem.code}: {fields or problem.detail}")
        self.problem = problem

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def code(self) -> str:
        return self.problem.code


class InvalidRequestError(ApiError):
    """The request breaks a rule or a limit; `problem.errors` names every field."""


class AccessRefusedError(ApiError):
    """The API key is missing or wrong."""


class NotFoundError(ApiError):
    """There is no such job, item or route."""


class ConflictError(ApiError):
    """The ledger refused the request; `code` is the reason."""


class UnavailableError(ApiError):
    """The API is overloaded or failing, and was so through all retries."""


def api_error(problem: "Problem") -> ApiError:
    """The typed error for a problem document."""
    if problem.status in (400, 413, 422):
        return InvalidRequestError(problem)
    if problem.status in (401, 403):
        return AccessRefusedError(problem)
    if problem.status == 404:
        return NotFoundError(problem)
    if problem.status in (409, 410):
        return ConflictError(problem)
    if problem.status == 429 or problem.status >= 500:
        return UnavailableError(problem)
    return ApiError(problem)
