"""Who may see and steer a job: whoever made it, and those who supervise; to everybody else it is not there."""

from matcher.accounts.actor import Actor
from matcher.accounts.roles import Right
from matcher.errors import NotFound
from matcher.jobs.job import Job, JobKind, Mandate, Progress
from matcher.jobs.mandates import mandate_of
from matcher.jobs.register import Jobs, job_number


class OwnJobs:
    """The jobs of one person as the service's routes know them."""

    def __init__(self, jobs: Jobs, actor: Actor) -> None:
        self.jobs = jobs
        self._actor = actor

    def may_see(self, job: Job) -> bool:
        """Without accounts everything here is this machine's. Of jobs in cases a token must have the right to cases."""
        if not self._actor.account_id:
            return True
        if job.kind is JobKind.CASES and not (
            self._actor.may(Right.WORK_CASES) or self._actor.may(Right.SUPERVISE_CASES)
        ):
            return False
        return job.made_by == self._actor.account or self._actor.may(Right.SUPERVISE_CASES)

    @property
    def mandate(self) -> Mandate:
        """What whoever asks gives to a job that they fill or let go on."""
        return mandate_of(self._actor)

    def get(self, job: str) -> Job:
        """A job by its id; raises NotFound for one that is not there, and for another person's."""
        found = self.jobs.get(job_number(job))
        if not self.may_see(found):
            raise NotFound("there is no such job")
        return found

    def listed(self) -> tuple[Job, ...]:
        """Every job that this person may see, the latest first."""
        return tuple(filter(self.may_see, self.jobs.listed()))

    def every(self, *, limit: int) -> tuple[tuple[Job, Progress], ...]:
        """The latest of them with their progress."""
        return tuple((job, self.jobs.progress(job.number)) for job in self.listed()[:limit])
