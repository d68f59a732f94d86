"""What every page must have, wherever it comes from: for the tests of all pages."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
ONCE = ("title", "h1", "main", "header", "footer")
# SVG's own, which close themselves.
DRAWN = {"rect", "path", "line", "circle", "polyline", "polygon", "use", "ellipse", "stop"}


class Outline(HTMLParser):
    """A page taken apart. faults: what a strict policy or a reader of the screen would stumble over."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.counts: dict[str, int] = {}
        self.ids: list[str] = []
        self.named: set[str] = set()
        self.texts: dict[str, str] = {}
        self.lang = ""
        self.faults: list[str] = []
        self._open: list[str] = []
        self._fields: list[tuple[str, dict[str, str]]] = []
        self._labelled: set[str] = set()
        self.feed(html)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")
        for tag, given in self._fields:
            if given.get("id", "") not in self._labelled:
                self.faults.append(f"a {tag} without a label: {given}")
        if len(set(self.ids)) < len(self.ids):
            self.faults.append(f"an id stands twice: {sorted(one for one in self.ids if self.ids.count(one) > 1)}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if not (tag == "title" and "svg" in self._open):
            # A picture has a title of its own.
            self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == "html":
            self.lang = given.get("lang", "")
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label" and "for" in given:
            self._labelled.add(given["for"])
        if tag == "img" and "alt" not in given:
            self.faults.append(f"an image without alt: {given}")
        self.faults += [f"{tag} has {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.faults.append(f"{tag} inside the page")
        self.faults += [
            f"{tag} leads to {given[name]}" for name in ("src", "href", "action") if "//" in given.get(name, "")
        ]
        if tag in ("input", "select", "textarea") and given.get("type") not in ("hidden", "submit", "button"):
            is_named = "aria-label" in given or "aria-labelledby" in given or "label" in self._open
            if not is_named:
                self._fields.append((tag, given))
        if tag not in VOID and tag not in DRAWN:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or tag in DRAWN:
            return
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("title", "h1") and "svg" not in self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data


def must_be_a_page(html: str, *, lang: str = "en") -> Outline:
    """Title, one h1, language and landmarks; ids once, fields labelled, nothing inline, nothing from elsewhere."""
    found = Outline(html)
    assert found.faults == []
    assert found.lang == lang
    assert {tag: found.counts.get(tag, 0) for tag in ONCE} == dict.fromkeys(ONCE, 1)
    assert found.texts["h1"].strip()
    # Browsers' tabs show the beginning alone.
    assert found.texts["title"].strip().startswith(found.texts["h1"].strip()[:20])
    assert "main" in found.ids
    return found
