"""A stream and a function for the poller, which behave as each test says."""

from forgeledger.local.engine_calls import DESCRIBE_STREAM, OPEN_SHARD, READ_SHARD, EngineRefused
from forgeledger.local.function_process import InvocationFailed

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s"


class FakeStreams:
    """A stream of one shard; an iterator is the index of the next record."""

    def __init__(self, *names, trimmed=0):
        self.records = [
            {
                "eventID": name,
                "eventName": "INSERT",
                "dynamodb": {"SequenceNumber": str(number), "Keys": {"SK": {"S": name}}},
            }
            for number, name in enumerate(names, start=1)
        ]
        self.trimmed = trimmed
        self.opened = []

    def __call__(self, target, request):
        answer = {DESCRIBE_STREAM: self.describe, OPEN_SHARD: self.open, READ_SHARD: self.read}
        return answer[target](request)

    def describe(self, request):
        return {"StreamDescription": {"Shards": [{"ShardId": "shard-1"}]}}

    def open(self, request):
        kind = request["ShardIteratorType"]
        self.opened.append(kind)
        if kind == "LATEST":
            return {"ShardIterator": str(len(self.records))}
        if kind == "TRIM_HORIZON":
            return {"ShardIterator": str(self.trimmed)}
        number = int(request["SequenceNumber"])
        if number <= self.trimmed:
            raise EngineRefused("TrimmedDataAccessException", "gone")
        return {"ShardIterator": str(number)}

    def read(self, request):
        start = int(request["ShardIterator"])
        page = self.records[start : start + request["Limit"]]
        return {"Records": page, "NextShardIterator": str(start + len(page))}


class FakeFunction:
    """Remembers what it was given; a poison name fails as often as its number says."""

    def __init__(self, **poison):
        self.poison = dict(poison)
        self.batches = []
        self.catch_ups = 0
        self.raises = False

    def __call__(self, event, request_id=None):
        if "reconcile" in event:
            self.catch_ups += 1
            return None
        names = [record["eventID"] for record in event["Records"]]
        self.batches.append("".join(names))
        for record in event["Records"]:
            if self.poison.get(record["eventID"], 0) > 0:
                self.poison[record["eventID"]] -= 1
                if self.raises:
                    raise InvocationFailed("RuntimeError", "no", "r")
                number = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
        return {}
