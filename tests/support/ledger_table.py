"""Create the tables on an engine, as defined in template.yaml."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

# All other properties (encryption, recovery, protection) matter on AWS only.
_COPIED = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def create_ledger_table(client: Any, name: str) -> None:
    client.create_table(TableName=name, **table_arguments())


def create_idempotency_table(client: Any, name: str) -> None:
    client.create_table(TableName=name, **table_arguments("IdempotencyTable"))


@cache
def table_arguments(resource: str = "LedgerTable") -> dict[str, Any]:
    """The arguments of create_table, from a table of the template."""
    template = yaml.load(TEMPLATE.read_text(), _TemplateLoader)  # noqa: S506 - It is a SafeLoader.
    properties = template["Resources"][resource]["Properties"]
    arguments = {name: properties[name] for name in _COPIED if name in properties}
    stream = properties.get("StreamSpecification")
    if stream is not None:
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return arguments


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as their plain values."""


def _short_form(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_TemplateLoader.add_multi_constructor("!", _short_form)
