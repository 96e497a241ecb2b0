"""DynamoDB clients with scripted answers, errors of every kind, and lost answers."""

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
    """The exception that botocore raises for an error of DynamoDB."""
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": "scripted"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
    }
    if reasons is not None:
        response["CancellationReasons"] = reasons
    return ClientError(response, "AnOperation")  # type: ignore[arg-type]


def canceled(*codes: str, row: dict[str, Any] | None = None, retries: int = 0) -> ClientError:
    """A transaction canceled with these codes by action; the row is that of the first action."""
    reasons: list[dict[str, Any]] = [{"Code": code} for code in codes]
    if row is not None:
        reasons[0]["Item"] = row
    return refusal("TransactionCanceledException", reasons=reasons, retries=retries)


def no_answer() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="http://dynamodb")


class ScriptedDynamo:
    """Returns one scripted answer per call, of any kind, and records the requests."""

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
    """A real client that loses answers of transactions, which are committed or not."""

    def __init__(self, client: Any, *, made: bool, forgets_tokens: bool = False) -> None:
        self._client = client
        self._made = made
        self._forgets_tokens = forgets_tokens
        self.losses = 1
        # What others do before the next try.
        self.meanwhile: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self._forgets_tokens:
            # DynamoDB remembers a token for ten minutes only.
            request.pop("ClientRequestToken")
        if self.losses == 0:
            return self._client.transact_write_items(**request)
        self.losses -= 1
        if self._made:
            self._client.transact_write_items(**request)
        self.meanwhile()
        raise no_answer()
