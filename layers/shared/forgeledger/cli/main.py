"""The entry point: finds out first whether what the command line needs is installed."""

import sys


def main() -> None:
    try:
        from forgeledger.cli.app import run
    except ModuleNotFoundError as error:
        from forgeledger.cli.error_messages import explain

        known = explain(error)
        if known is None:
            raise
        line, code = known
        print(f"forgeledger: {line}", file=sys.stderr)
        sys.exit(code)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
