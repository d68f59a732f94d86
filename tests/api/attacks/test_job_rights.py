"""A job can do what those could who made it, filled it and let it go on; no more, and no longer than their tokens."""

import httpx
import pytest
from sqlalchemy import text

from matcher.accounts.roles import Right, Role
from matcher.among import Among
from matcher.build import engine_key
from matcher.drawn import photo_bytes
from matcher.errors import NotFound
from matcher.jobs.job import JobKind, JobOptions, JobState, Mandate
from matcher.jobs.mandates import worker_for
from matcher.jobs.register import Jobs, job_number
from matcher.settings import Settings
from tests.api.attacks.parts import Served
from tests.api.test_jobs import packed, work

SEARCH, WORK, SUPERVISE, GALLERIES = Right.SEARCH, Right.WORK_CASES, Right.SUPERVISE_CASES, Right.READ_GALLERIES
NEW = {"country": "CHN", "claim": {"name": "Lan Ruoming"}}


def test_the_right_to_search_is_none_to_cases_by_another_ones_job(served: Served) -> None:
    wide, narrow = (served.program("supervisor", *rights) for rights in ((SEARCH, WORK, SUPERVISE), (SEARCH,)))
    jobs = Jobs(served.accounts.database, served.home)
    with httpx.Client(base_url=served.address, timeout=120) as client:
        made = jobs.begin("cases", _options(served), made_by="account:supervisor", source="upload", kind=JobKind.CASES,
                          uploads=True, mandate=Mandate(frozenset({SEARCH, WORK, SUPERVISE})))  # fmt: skip
        url = f"/v1/jobs/{made.id}"
        photos = packed({"a.jpg": b"x"})
        for answer in (
            client.get(url, headers=narrow),
            client.put(f"{url}/photos", content=photos, headers=narrow),
            client.post(f"{url}/resume", headers=narrow),
            client.get(f"{url}/results", headers=narrow),
        ):
            assert answer.status_code == 404
        assert client.get("/v1/jobs", headers=narrow).json()["jobs"] == []
        # Whoever fills it has a part in it: of both, what both may.
        middle = served.program("supervisor", SEARCH, WORK)
        assert client.put(f"{url}/photos", content=photos, headers=middle).status_code == 200
        assert jobs.get(made.number).mandate.rights == {SEARCH, WORK}
        assert client.post(f"{url}/cancel", headers=wide).status_code == 200
        assert client.post(f"{url}/resume", headers=wide).status_code == 200
        now = jobs.get(made.number)
        assert now.mandate.rights == {SEARCH, WORK}
        assert now.mandate.tokens == (_prefix(middle), _prefix(wide))
        assert client.delete(url, headers=wide).status_code == 204


@pytest.mark.long
def test_a_job_works_with_the_rights_of_its_token_and_in_its_name(served: Served) -> None:
    officer = served.of_role(Role.OFFICER)
    # Of an account that may see every case, a token that may not.
    token = served.program("supervisor", SEARCH, WORK, GALLERIES)
    with httpx.Client(base_url=served.address, timeout=120) as client:
        case = client.post("/v1/cases", json=NEW, headers=officer).json()["id"]
        job = _job(served, token)
        photos = packed({f"{case}/a.jpg": photo_bytes(1, 2)})
        assert client.put(f"/v1/jobs/{job}/photos", content=photos, headers=token).status_code == 200
        work(served.home)
        (one,) = client.get(f"/v1/jobs/{job}/photos", headers=token).json()["photos"]
        assert (one["outcome"], one["code"]) == ("not_searched", "not_found")
        stopped = _job(served, token)
        assert client.put(f"/v1/jobs/{stopped}/photos", content=photos, headers=token).status_code == 200
        served.accounts.tokens.revoke(_prefix(token))
        work(served.home)
    ended = Jobs(served.accounts.database, served.home).get(job_number(stopped))
    assert (ended.state, _prefix(token) in ended.reason) == (JobState.FAILED, True)
    with served.accounts.database.reading() as connection:
        named = connection.execute(text("SELECT DISTINCT actor FROM audit_entry WHERE action = 'job_changed'"))
        assert f"account:supervisor/token:{_prefix(token)}" in set(named.scalars())


def test_what_the_account_may_no_longer_the_job_may_not(served: Served) -> None:
    register, tokens = served.accounts.register, served.accounts.tokens
    register.add("leaving", frozenset({Role.SUPERVISOR}), "a long enough secret 9", must_change=False)
    token = _prefix(served.program("leaving", SEARCH, WORK))
    jobs = Jobs(served.accounts.database, served.home)
    mandate = Mandate(frozenset({SEARCH, WORK}), (token,))
    ours = {"made_by": "account:leaving", "source": "upload"}
    made = jobs.begin("one", _options(served), **ours, kind=JobKind.CASES, mandate=mandate)
    with served.accounts.database.reading() as connection:
        who = worker_for(connection, made)
        assert (who.rights, who.is_program, who.named) == ({SEARCH, WORK}, True, f"account:leaving/token:{token}")
    early = jobs.begin("two", _options(served), **ours, kind=JobKind.CASES)
    of_machine = jobs.begin("three", _options(served), made_by="os:root", source="x")
    with served.accounts.database.reading() as connection:
        assert worker_for(connection, of_machine).rights == {SEARCH, Right.SEARCH_FOREIGN}
        with pytest.raises(NotFound, match="earlier version"):
            worker_for(connection, early)
    with served.accounts.database.writing() as connection:
        connection.execute(text("UPDATE account_token SET expires_at = 1 WHERE prefix = :p"), {"p": token})
        with pytest.raises(NotFound, match=f"token {token}.*no longer valid"):
            worker_for(connection, made)
        connection.execute(text("UPDATE account_token SET expires_at = 9999999999 WHERE prefix = :p"), {"p": token})
        connection.execute(text("UPDATE account SET roles = 'auditor' WHERE name = 'leaving'"))
        with pytest.raises(NotFound, match="without the right cases:work"):
            worker_for(connection, made)
    tokens.revoke(token)


def _job(served: Served, headers: dict[str, str]) -> str:
    """A job in cases, made by a program; its gallery need not be there for what is refused before."""
    actor = served.accounts.tokens.find(headers["Authorization"].removeprefix("Bearer "))
    jobs = Jobs(served.accounts.database, served.home)
    mandate = Mandate(actor.rights, (actor.token,))
    made = jobs.begin("cases", _options(served), made_by=actor.account, source="upload", kind=JobKind.CASES,
                      uploads=True, mandate=mandate)  # fmt: skip
    return made.id


def _options(served: Served) -> JobOptions:
    return JobOptions(engine_key(Settings(home=served.home)), among=Among(gallery="main"))


def _prefix(headers: dict[str, str]) -> str:
    return headers["Authorization"].split("_")[1]
