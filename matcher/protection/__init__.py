"""What protects the data: encryption at rest, erasure that can be shown, backups, everything about one person."""
