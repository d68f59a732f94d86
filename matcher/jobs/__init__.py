"""Many photos searched as a job of the records: created by one process, worked by any number, whoever dies."""
