"""What each setting is about and what a change of it would do; marked here, translated where it is shown."""

from collections.abc import Mapping

from api.web.languages import N_
from matcher.settings import Origin

GROUPS: Mapping[str, tuple[str, ...]] = {
    N_("Searches and scores"): ("engine", "top", "fpir", "prior", "recall", "index", "precision"),
    N_("Photos"): (
        "quality", "quality_poor_below", "quality_unfit_below", "keep_photos", "max_photo_bytes", "max_photo_pixels",
    ),
    N_("Cases"): ("case_deadline_days",),
    N_("Documents"): ("document_office", "document_contact", "document_key", "document_fonts"),
    N_("Signing in"): (
        "session_idle_minutes", "session_hours", "password_kib", "sign_ins_per_minute", "openid_issuer",
        "openid_client_id", "openid_client_secret", "openid_name_claim", "openid_role_claim", "openid_roles",
    ),
    N_("The service"): (
        "host", "port", "hosts", "tls_cert", "tls_key", "behind_proxy", "without_accounts", "rate_per_minute",
        "stranger_rate_per_minute", "most_at_once", "body_seconds", "body_pause_seconds",
        "drain_seconds", "log_format",
    ),
    N_("Records and machine"): (
        "database_url", "database_connections", "index_url", "index_token", "threads", "workers", "max_job_bytes",
    ),
}  # fmt: skip
"""The settings in the order in which they are shown; what is in none of these groups is shown last."""

ORIGINS: Mapping[Origin, str] = {
    Origin.DEFAULT: N_("nobody has set it"),
    Origin.FILE: N_("set in settings.toml"),
    Origin.ENVIRONMENT: N_("set in the environment"),
    Origin.GIVEN: N_("given at the start"),
}
OTHERS = N_("Others")

EFFECTS: Mapping[str, str] = {
    "engine": N_("Decides for an empty home only. Afterwards the records say which engine serves; move with matcher "
                 "reembed."),
    "top": N_("Longer lists show more people to look at in each review; shorter ones can leave the right one out."),
    "fpir": N_("Lists are cut to candidates below it. A smaller value shows fewer strangers and misses more people who "
               "are there."),
    "prior": N_("Raises or lowers every confidence. Order and false-alarm probabilities stay as they are."),
    "recall": N_("Higher finds more of the true nearest and makes searches slower. The index is tuned at its next "
                 "building."),
    "index": N_("Where templates are looked for. The index is built again at the next start; nothing is lost."),
    "precision": N_("8-bit numbers are faster, float ones exact. Scores move in the third digit at most."),
    "quality": N_("Without it, poor photos are neither warned of nor refused, and likelihood ratios ignore quality."),
    "quality_poor_below": N_("Higher warns of more photos. Nothing is refused by it."),
    "quality_unfit_below": N_("Higher refuses more photos at enrolment and in searches."),
    "keep_photos": N_("Without it, photos of people enrolled from then on can't be shown or embedded anew."),
    "max_photo_bytes": N_("Larger files are refused. Each upload may take as much memory."),
    "max_photo_pixels": N_("Larger photos are refused. Protects the memory from crafted files."),
    "case_deadline_days": N_("Counts for custody dates that are written down from then on. Deadlines that stand stay."),
    "document_office": N_("Named in documents made from then on. Those that were sent stay as they are."),
    "document_contact": N_("Stated in documents made from then on. Those that were sent stay as they are."),
    "document_key": N_("Recipients must know its public half. Documents signed with the former key verify with that "
                       "one only."),
    "document_fonts": N_("For signs that the documents' own font lacks; without one they are shown by their numbers."),
    "session_idle_minutes": N_("Shorter signs people out sooner when they do nothing."),
    "session_hours": N_("Shorter signs everybody out more often, whatever they do."),
    "password_kib": N_("More makes stolen hashes harder to guess, and every sign-in heavier. Hashes follow at the next "
                       "sign-in."),
    "sign_ins_per_minute": N_("Lower slows down guessing of passwords, and offices behind one address."),
    "openid_issuer": N_("With it, people sign in with the organisation's provider; accounts are made at the first "
                        "sign-in."),
    "openid_client_id": N_("Must be the name that the provider knows this service by."),
    "openid_client_secret": N_("Must be the provider's; sign-ins with it fail otherwise."),
    "openid_name_claim": N_("Names new accounts. Accounts that are there keep their names."),
    "openid_role_claim": N_("Which claim roles are taken from at each sign-in."),
    "openid_roles": N_("Who gets which role at the next sign-in. Who gets none is refused."),
    "host": N_("Beyond this machine only with accounts, and over TLS or behind a proxy that is named."),
    "port": N_("Bookmarks and proxies must follow."),
    "hosts": N_("Names under which others reach the service. Requests to other names are refused."),
    "tls_cert": N_("The certificate that browsers see. Without it, only this machine or a proxy is served."),
    "tls_key": N_("Must belong to the certificate."),
    "behind_proxy": N_("Whom to believe about who asks. A wrong network here lets strangers pretend to be others."),
    "without_accounts": N_("Means nothing any more once there is an account."),
    "rate_per_minute": N_("Lower stops programs that ask too fast, and quick readers too."),
    "stranger_rate_per_minute": N_("The same for whoever is not signed in."),
    "most_at_once": N_("More use more memory at once; others are asked to come again."),
    "body_seconds": N_("Longer lets photos come over slow lines; slow senders hold their place among the requests "
                       "longer."),
    "body_pause_seconds": N_("Longer waits for lines that stop for a while, and for senders who never go on."),
    "drain_seconds": N_("Longer gives a balancer in front time to lead requests elsewhere before the service ends."),
    "log_format": N_("Text for people, JSON for programs that collect logs."),
    "database_url": N_("Names other records: move them with a backup and a restore, or the service starts empty."),
    "database_connections": N_("Must fit what the database server allows for all processes together."),
    "index_url": N_("For a new home only. A home that is there moves with matcher gallery move."),
    "index_token": N_("Must be what that Milvus takes."),
    "threads": N_("More make one photo faster and several at once slower."),
    "max_job_bytes": N_("Larger uploads of a backlog's photos or of embeddings are refused. The disk must hold them."),
    "workers": N_("More make enrolment and backlogs faster and leave less to searches."),
}  # fmt: skip
"""What a change would do. A test compares this table with the settings."""
