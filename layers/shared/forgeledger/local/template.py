"""Makes the project's template deployable: its code folders become S3 addresses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from forgeledger.errors import ForgeLedgerError

CODE_BUCKET: Final = "forgeledger-code"
_CODE_PROPERTY: Final = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


class TemplateError(ForgeLedgerError):
    """The template cannot be deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedTemplate:
    body: str
    sources: Mapping[str, Path]  # By the function's logical id.
    objects: tuple[str, ...]  # Keys that the code bucket must hold.


class _CloudFormationLoader(yaml.SafeLoader):
    """Expands the short forms (`!Ref`, `!GetAtt`, ...)."""


def _intrinsic(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]  # It raises for other nodes.
        if tag == "GetAtt":
            value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_CloudFormationLoader.add_multi_constructor("!", _intrinsic)


def load_template(text: str) -> dict[str, Any]:
    """The template with its short forms expanded."""
    try:
        template = yaml.load(text, Loader=_CloudFormationLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"the template is not YAML: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError("the template has no Resources")
    return template


def package(template_file: Path) -> PackagedTemplate:
    """Like `sam package`, but no code is copied: handlers run from the source tree."""
    template = load_template(template_file.read_text(encoding="utf-8"))
    default_code = template.get("Globals", {}).get("Function", {}).get("CodeUri")
    sources: dict[str, Path] = {}
    objects: list[str] = []
    for logical_id, resource in template["Resources"].items():
        name = _CODE_PROPERTY.get(resource.get("Type", ""))
        if name is None:
            continue
        properties = resource.setdefault("Properties", {})
        source = properties.get(name, default_code if name == "CodeUri" else None)
        if not isinstance(source, str) or source.startswith("s3://"):
            raise TemplateError(f"{logical_id}: {name} must be a folder of the project")
        folder = (template_file.parent / source).resolve()
        if not folder.is_dir():
            raise TemplateError(f"{logical_id}: there is no folder {source}")
        if name == "CodeUri":
            sources[logical_id] = folder
        key = f"{logical_id}.zip"
        objects.append(key)
        properties[name] = f"s3://{CODE_BUCKET}/{key}"
    body = json.dumps(template, separators=(",", ":"), default=str)
    return PackagedTemplate(body=body, sources=sources, objects=tuple(objects))
