"""The ledger's rules: pure, total and deterministic."""
