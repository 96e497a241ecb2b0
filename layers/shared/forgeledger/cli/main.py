"""The entry point; it says which extra to install if the command line's packages are missing."""

import sys


def main() -> None:
    try:
        from forgeledger.cli.app import run
    except ModuleNotFoundError as error:
        from forgeledger.cli.error_documents import error_text, wants_json
        from forgeledger.cli.error_messages import explain

        explained = explain(error)
        if explained is None:
            raise
        line, code = explained
        as_json = wants_json(sys.argv[1:])
        print(error_text(line, code, as_json=as_json, error=error), file=sys.stderr)
        sys.exit(code)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
