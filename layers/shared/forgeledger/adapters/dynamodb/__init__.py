"""The ledger in DynamoDB: one table, one transaction a commit."""
