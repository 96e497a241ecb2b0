"""The ledger's storage: one DynamoDB table serves every port."""

from collections.abc import Callable
from typing import Any

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.aws.dynamodb.table import Table
from forgeledger.jobs.storage.due_rows import DynamoDueRows
from forgeledger.jobs.storage.job_index import JobIndex
from forgeledger.jobs.storage.job_store import DynamoJobStore
from forgeledger.jobs.storage.lane_store import DynamoLaneStore
from forgeledger.jobs.storage.retention import RetentionRows
from forgeledger.parallel import Parallel


class DynamoStore(DynamoLaneStore, DynamoJobStore, DynamoDueRows, JobIndex, RetentionRows):
    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        retrying: Retrying,
        new_id: Callable[[], str],
        parallel: Parallel,
    ) -> None:
        super().__init__(Table(client, table_name, retrying), new_id, parallel)
