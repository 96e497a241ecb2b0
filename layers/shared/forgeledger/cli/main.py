"""The entry point; it says which extra to install if the command line's packages are missing."""

import sys


def main() -> None:
    try:
        from forgeledger.cli.app import run
    except ModuleNotFoundError as error:
        from forgeledger.cli.error_messages import explain

        explained = explain(error)
        if explained is None:
            raise
        line, code = explained
        print(f"forgeledger: {line}", file=sys.stderr)
        sys.exit(code)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
