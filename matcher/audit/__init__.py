"""The audit chain: what was done, by whom and when, in entries that name each other's SHA-256."""
