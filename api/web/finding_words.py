"""What an examination of the service finds, in the language of a page, by the pattern of its English.

What no pattern fits (the message of an error, which names files and values) stays English.
"""

from collections.abc import Callable, Mapping

from api.web.languages import N_
from api.web.refusals import words_by_pattern

ABOUT: Mapping[str, str] = {
    "python": N_("Python"),
    "packages": N_("Packages"),
    "model": N_("Model"),
    "processor": N_("Processor"),
    "memory": N_("Memory"),
    "engine": N_("Engine"),
    "home": N_("Home"),
    "disk": N_("Disk"),
    "records": N_("Records"),
    "encryption": N_("Encryption"),
    "documents": N_("Documents"),
    "index": N_("Index"),
}

PATTERNS: tuple[tuple[str, str], ...] = (
    (r"(?P<version>\d\S+) on (?P<system>\S+), (?P<program>.+)", N_("%(version)s on %(system)s, %(program)s")),
    (r"(?P<names>.+) missing; run scripts/setup", N_("%(names)s missing; run scripts/setup")),
    (r"(?P<name>\S+) sha256 (?P<sha256>[0-9a-f]{64})", N_("%(name)s is unaltered; SHA-256 %(sha256)s")),
    (
        r"(?P<path>.+) has sha256 (?P<found>[0-9a-f]{64}), not (?P<wanted>[0-9a-f]{64}); reinstall (?P<what>.+)",
        N_("%(path)s has SHA-256 %(found)s, not %(wanted)s; reinstall %(what)s"),
    ),
    (
        r"has 8-bit dot products; precision (?P<asked>\w+), used as (?P<used>\w+)",
        N_("it has 8-bit dot products; precision %(asked)s, used as %(used)s"),
    ),
    (
        r"has no 8-bit dot products; precision (?P<asked>\w+), used as (?P<used>\w+)",
        N_("it has no 8-bit dot products; precision %(asked)s, used as %(used)s"),
    ),
    (r"the kernel offers large pages", N_("the kernel offers large pages")),
    (
        r"no large pages from the kernel; .*",
        N_("the kernel offers no large pages; photos may take several times as long (docs/engines.md)"),
    ),
    (
        r"(?P<engine>\S+) found and embedded a drawn face in (?P<ms>[\d,]+) ms",
        N_("%(engine)s found a drawn face and made its template in %(ms)s ms"),
    ),
    (
        r"(?P<engine>\S+) finds no face in a drawn one; reinstall with scripts/setup",
        N_("%(engine)s finds no face in a drawn one; reinstall with scripts/setup"),
    ),
    (r"(?P<path>.+) is not a folder; .*", N_("%(path)s is not a folder; name another home with --home")),
    (
        r"(?P<path>.+) can't be written \((?P<why>.+)\); .*",
        N_("%(path)s can't be written (%(why)s); change its rights or name another home with --home"),
    ),
    (r"(?P<path>.+) is writable", N_("%(path)s is writable")),
    (
        r"(?P<free>\S+) MiB are free, (?P<little>\S+) are little; free some space",
        N_("%(free)s MiB are free, %(little)s are little; free some space"),
    ),
    (r"(?P<free>\S+) GiB are free", N_("%(free)s GiB are free")),
    (
        r"there are none in (?P<path>.+) yet; the first enrolment makes them",
        N_("there are none in %(path)s yet; the first enrolment makes them"),
    ),
    (
        r"(?P<people>[\d,]+) (?:person|people), (?P<photos>[\d,]+) photos?, (?P<templates>[\d,]+) of them "
        r"searchable with (?P<engine>\S+); version (?P<version>\d+)",
        N_("people: %(people)s, photos: %(photos)s, of which %(templates)s can be found with %(engine)s; version "
           "%(version)s"),
    ),
    (r"Searches use (?P<engine>\S+)", N_("Searches use %(engine)s.")),
    (
        r"No photo was enrolled yet: the first one decides on the engine",
        N_("No photo was enrolled yet: the first one decides on the engine."),
    ),
    (
        r"(?P<engine>\S+) is being prepared \(--switch, --discard\): (?P<made>[\d,]+) of (?P<photos>[\d,]+) photos .*",
        N_("%(engine)s is being prepared: %(made)s of %(photos)s photos have its template"),
    ),
    (
        r"(?P<engine>\S+) served before and is kept \(--rollback, --discard\): (?P<made>[\d,]+) of (?P<photos>[\d,]+) "
        r"photos .*",
        N_("%(engine)s served before and is kept: %(made)s of %(photos)s photos have its template"),
    ),
    (
        r"(?P<engine>\S+) is being removed \(--discard goes on\): .*",
        N_("%(engine)s is being removed; matcher reembed --discard goes on with it"),
    ),
    (
        r"there is no key to sign documents for consulates with; (?P<command>.+) makes one",
        N_("there is no key to sign documents for consulates with; %(command)s makes one"),
    ),
    (r"documents are signed with the key (?P<key>\w+)", N_("documents are signed with the key %(key)s")),
    (
        r"photos and templates lie in the home as they are: (?P<command>.+)",
        N_("photos and templates lie in the home as they are: %(command)s"),
    ),
    (
        r"(?P<count>[\d,]+) photos and templates are plain: (?P<command>.+)",
        N_("%(count)s photos and templates are not encrypted yet: %(command)s"),
    ),
    (
        r"photos and templates are encrypted under key (?P<key>\S+)",
        N_("photos and templates are encrypted under key %(key)s"),
    ),
    (
        r"(?P<kind>\S+), (?P<count>[\d,]+) templates?, exact, in memory",
        N_("%(kind)s, templates: %(count)s, exact, in memory"),
    ),
    (
        r"(?P<kind>\S+), (?P<count>[\d,]+) templates?, exact, every file unaltered",
        N_("%(kind)s, templates: %(count)s, exact, every file unaltered"),
    ),
    (
        r"(?P<kind>\S+), (?P<count>[\d,]+) templates?, measured recall (?P<recall>[\d.]+), every file unaltered",
        N_("%(kind)s, templates: %(count)s, measured recall %(recall)s, every file unaltered"),
    ),
    (
        r"(?P<kind>\S+), (?P<count>[\d,]+) templates?, measured recall (?P<recall>[\d.]+), in memory",
        N_("%(kind)s, templates: %(count)s, measured recall %(recall)s, in memory"),
    ),
    (r"records and index agree", N_("records and index agree")),
    (
        r"records and index agree, every kept photo is unaltered",
        N_("records and index agree, every kept photo is unaltered"),
    ),
    (
        r"damaged: (?P<count>[\d,]+) templates? leads? to no photo; restore the records from a backup",
        N_("templates that lead to no photo: %(count)s; restore the records from a backup"),
    ),
    (
        r"miscounted: .*",
        N_("the kept counts are not those of the rows; restore the records from a backup"),
    ),
    (
        r"content_altered: the bytes of photo (?P<photo>\d+) are not those that were enrolled; .*",
        N_("the bytes of photo %(photo)s are not those that were enrolled; restore the records from a backup"),
    ),
    (
        r"without_template: (?P<count>[\d,]+) photos? ha(?:s|ve) no template of (?P<engine>\S+); .*",
        N_("photos without a template of %(engine)s: %(count)s; run matcher reembed, or enroll them again"),
    ),
    (
        r"missing_in_index: the index lacks (?P<count>[\d,]+) templates? of the records; .*",
        N_("templates of the records that the index lacks: %(count)s; rebuild it (matcher index rebuild)"),
    ),
    (
        r"missing_in_records: the index holds (?P<count>[\d,]+) templates? that the records don't; .*",
        N_("templates of the index that the records lack: %(count)s; rebuild it (matcher index rebuild)"),
    ),
    (
        r"other_vector: (?P<count>[\d,]+) vectors? of the index differ from the records; .*",
        N_("vectors of the index that differ from the records: %(count)s; rebuild it (matcher index rebuild)"),
    ),
)  # fmt: skip


def finding_words(message: str, say: Callable[..., str]) -> str:
    """A finding in the words of a page; empty where no pattern fits. say: gettext of the page."""
    return words_by_pattern(PATTERNS, message, say)
