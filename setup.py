"""Puts the deployment into the wheel, and links into the README that a package index can follow."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Final

from setuptools import setup
from setuptools.command.build_py import build_py

# File by file: a folder would also bring what lies there by chance, such as an `.env`.
DEPLOYMENT: Final = (
    "template.yaml",
    "samconfig.toml",
    "functions/api/app.py",
    "functions/intake/app.py",
    "functions/relay/app.py",
    "functions/worker/app.py",
    "functions/worker/simulated_kinds.py",
    "layers/shared/Makefile",
    "layers/shared/requirements.txt",
)
IN_PACKAGE: Final = "forgeledger/deployment"
RELATIVE_LINK: Final = re.compile(r"\[([^\]]+)\]\((?!\w+:|#)([^)\s]+)\)")


class BuildWithDeployment(build_py):
    def run(self) -> None:
        # What an earlier build left here would come along, though it may be gone from the project.
        shutil.rmtree(Path(self.build_lib, "forgeledger"), ignore_errors=True)
        super().run()
        if self.editable_mode:  # The project's own folder is used instead.
            return
        for source in DEPLOYMENT:
            target = Path(self.build_lib, IN_PACKAGE, source)
            self.mkpath(str(target.parent))
            self.copy_file(source, str(target), preserve_mode=False)

    def get_source_files(self) -> list[str]:
        """For a source distribution, from which a wheel can then be built."""
        return [*super().get_source_files(), *DEPLOYMENT]


def description() -> str:
    """The README without relative links, which lead nowhere on a package index.

    They lead into the project's public repository as soon as pyproject.toml has its address.
    """
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository = project.get("urls", {}).get("Repository")

    def link(found: re.Match[str]) -> str:
        text, path = found.groups()
        if repository:
            return f"[{text}]({repository}/blob/main/{path})"
        return text if text == path else f"{text} (`{path}`)"

    return RELATIVE_LINK.sub(link, Path("README.md").read_text(encoding="utf-8"))


setup(
    cmdclass={"build_py": BuildWithDeployment},
    long_description=description(),
    long_description_content_type="text/markdown",
)
