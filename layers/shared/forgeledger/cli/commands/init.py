"""`forgeledger init`: write the folder from which the AWS SAM CLI deploys ForgeLedger."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from forgeledger.cli.arguments import not_empty
from forgeledger.cli.command import Needs, command
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.session import Session
from forgeledger.local_description import DEPLOYMENT, PACKAGE_PROJECT
from forgeledger.plural import plural

app = typer.Typer()

_PACKAGE: Final = DEPLOYMENT.parent
_LAYER: Final = Path("layers", "shared", _PACKAGE.name)
# Of the project; file by file, so that nothing comes along that lies in its folders by chance.
_PATTERNS: Final = (
    "template.yaml",
    "samconfig.toml",
    "functions/*/*.py",
    "layers/shared/Makefile",
    "layers/shared/requirements.txt",
)
_NEXT: Final = """\
  aws ssm put-parameter --name /forgeledger/dev/api-key --type SecureString \\
    --value "$(openssl rand -hex 32)"
  sam build
  sam deploy --config-env dev"""


@command(app, "init", needs=Needs.NOTHING, example="forgeledger init my-ledger")
def init(
    session: Session,
    *,
    target: Annotated[
        str,
        typer.Argument(
            metavar="DIR",
            help="It is made if there is none.",
            show_default=False,
            # As a path, an empty text would be the current folder.
            callback=not_empty,
        ),
    ],
) -> None:
    """Write the folder that the AWS SAM CLI builds and deploys.

    It has the template, samconfig.toml, the functions and the layer with this version of the
    package. Nothing is overwritten.
    """
    folder, files = Path(target), dict(_files())
    for path in files:
        # Also a link that leads nowhere: what it names would be written.
        if os.path.lexists(folder / path):
            raise WrongValue("DIR", f"{folder / path} exists; nothing was written")
    for path, source in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / path)
    session.output.record(
        {"folder": str(folder.resolve()), "files": len(files)},
        [
            f"{plural(len(files), 'file')} in {folder}. Next, with the AWS SAM CLI:",
            f"  cd {shlex.quote(str(folder))}",
            *_NEXT.splitlines(),
        ],
    )


def _files() -> Iterator[tuple[Path, Path]]:
    """Each file's path in the folder, and its source."""
    for pattern in _PATTERNS:
        for source in sorted(PACKAGE_PROJECT.glob(pattern)):
            yield source.relative_to(PACKAGE_PROJECT), source
    for source in sorted(_PACKAGE.rglob("*")):
        path = source.relative_to(_PACKAGE)
        if source.is_file() and source.suffix != ".pyc" and not source.is_relative_to(DEPLOYMENT):
            yield _LAYER / path, source
