"""Work on the items of the work queue's messages, by the handlers of a module that is named."""

import os
from importlib import import_module
from typing import Any

from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.work.lambda_batch import handle_sqs_batch
from forgeledger.sdk.work.worker_options import check_handlers

# Built at import and not in the first invocation: Lambda gives the init phase a full CPU.
reporter = Reporter()
# By kind. The module stands beside this file, or in a layer.
handlers = import_module(os.environ["FORGELEDGER_HANDLERS"]).HANDLERS
check_handlers(handlers)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return handle_sqs_batch(reporter, event, handlers, context=context)
