"""Encoded commands of any size for any lane, for tests of the packer."""

import json

from forgeledger.sdk.command import Command


def command(number, lane=0, size=0, kind="heartbeat", item="i"):
    fields = {"commandId": number, "type": kind, "itemId": item}
    body = json.dumps({**fields, "pad": ""}).encode()
    padding = max(0, size - len(body))
    return Command(
        type=kind,
        job_id="j",
        item_id=item,
        command_id=str(number),
        group=f"j#{lane}",
        body=json.dumps({**fields, "pad": "x" * padding}).encode(),
    )
