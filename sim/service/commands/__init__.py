"""From a message to a command: each function is pure, and its draft decides when the ledger's turn comes."""
