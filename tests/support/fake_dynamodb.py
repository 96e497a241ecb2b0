"""DynamoDB clients that answer as told: refusals of every kind, and answers that get lost."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


def refusal(
    code: str,
    *,
    status: int = 400,
    reasons: list[dict[str, Any]] | None = None,
    retries: int = 0,
) -> ClientError:
    """What botocore raises for an error answer of DynamoDB."""
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": "as told"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
    }
    if reasons is not None:
        response["CancellationReasons"] = reasons
    return ClientError(response, "AnOperation")  # type: ignore[arg-type]


def canceled(*codes: str, row: dict[str, Any] | None = None, retries: int = 0) -> ClientError:
    """A transaction canceled for these reasons, action by action; the row belongs to the first."""
    reasons: list[dict[str, Any]] = [{"Code": code} for code in codes]
    if row is not None:
        reasons[0]["Item"] = row
    return refusal("TransactionCanceledException", reasons=reasons, retries=retries)


def no_answer() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="http://dynamodb")


class ScriptedDynamo:
    """Gives one prepared answer to each call, whatever it asks, and remembers what was asked."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class LosingDynamo:
    """A real client some of whose transactions get no answer, whether they were made or not."""

    def __init__(self, client: Any, *, made: bool, forgets_tokens: bool = False) -> None:
        self._client = client
        self._made = made
        self._forgets_tokens = forgets_tokens
        self.losses = 1
        # What somebody else does before we ask again.
        self.meanwhile: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self._forgets_tokens:
            # DynamoDB knows a token for ten minutes only.
            request.pop("ClientRequestToken")
        if self.losses == 0:
            return self._client.transact_write_items(**request)
        self.losses -= 1
        if self._made:
            self._client.transact_write_items(**request)
        self.meanwhile()
        raise no_answer()
