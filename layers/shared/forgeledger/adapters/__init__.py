"""What the ledger stands on: storage, queues, events."""
