"""The audit of a load run: fast but wrong does not pass. `audit` has the checks."""
