"""The reference ledger: accounts, a pure decision, a hash-chained journal, one writer. No charity, no HTTP."""
