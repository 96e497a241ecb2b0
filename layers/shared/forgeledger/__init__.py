"""Ledger, Reporter and Worker, which load the SDK when they are first used."""

__version__ = "0.1.0"
__all__ = ["Ledger", "Reporter", "Worker"]

# True for type checkers. Not the one of `typing`: this package alone loads no other module.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from forgeledger.sdk import Ledger, Reporter, Worker
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from forgeledger import sdk

        return getattr(sdk, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
