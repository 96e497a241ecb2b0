"""What can be done with the ledger, one file for each thing."""
