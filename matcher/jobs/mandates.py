"""In whose name a job works at this moment: of the rights that it was made with, those that its account still has."""

from sqlalchemy import Connection, select

from matcher.accounts.actor import Actor
from matcher.accounts.roles import Right, Role, rights_of
from matcher.accounts.storing import by_name
from matcher.casework.officer import Officer
from matcher.errors import NotFound
from matcher.jobs.job import Job, JobKind, Mandate
from matcher.records import job_leases
from matcher.records.account_tables import account_token

ON_THIS_MACHINE = Mandate(rights_of(Role))
"""Of whoever uses the command line: they can do everything here."""
_ACCOUNT = "account:"
_COMMAND_LINE = "os:"


def mandate_of(actor: Actor) -> Mandate:
    """What somebody who asks gives to a job."""
    return Mandate(actor.rights, (actor.token,) if actor.token else ())


def worker_for(connection: Connection, job: Job) -> Officer:
    """Who the job acts as, now; raises NotFound, which says what to do, where it may not go on."""
    noted = _noted(job)
    if job.made_by.startswith(_ACCOUNT):
        account = by_name(connection, job.made_by.removeprefix(_ACCOUNT))
        if account.is_disabled:
            raise NotFound(f"the account {account.name}, which made the job, is disabled; somebody else has to make it")
        roles = rights_of(account.roles)
        # Of rights that were not noted: searching was asked for then, foreign galleries had no right of their own.
        noted = noted & roles if job.mandate.rights else noted - ({Right.SEARCH_FOREIGN} - roles)
    for token in job.mandate.tokens:
        _must_be_valid(connection, token)
    needed = Right.WORK_CASES if job.kind is JobKind.CASES else Right.SEARCH
    if needed not in noted:
        raise NotFound(f"it works without the right {needed.value} now; somebody who has it has to make it anew")
    return Officer(job.made_by, noted, is_program=bool(job.mandate.tokens), audit_name=job.named)


def _noted(job: Job) -> frozenset[Right]:
    if job.mandate.rights:
        return job.mandate.rights
    if job.kind is JobKind.PHOTOS:
        # What searching with photos of no case may need: the door asked for it, or none is needed at the command line.
        return frozenset({Right.SEARCH, Right.SEARCH_FOREIGN})
    if job.made_by.startswith(_COMMAND_LINE):
        return ON_THIS_MACHINE.rights
    raise NotFound("an earlier version made it, which did not note with which rights; let it go on anew (resume)")


def _must_be_valid(connection: Connection, prefix: str) -> None:
    row = connection.execute(select(account_token).where(account_token.c.prefix == prefix)).one_or_none()
    if row is None or row.revoked_at or job_leases.now_of(connection) >= row.expires_at:
        raise NotFound(
            f"the token {prefix}, which it was made with, is no longer valid; make the job anew with another"
        )
