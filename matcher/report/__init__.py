"""A backlog's results as one page that needs nothing else: no server, no other file, no request to anywhere."""

from matcher.report.page import ReportFacts, write_report

__all__ = ["ReportFacts", "write_report"]
