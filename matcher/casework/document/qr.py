"""QR codes, as SVG."""

import io


def qr_svg(text: str) -> bytes:
    """A QR code of this text that stands a seventh of its area being covered, with the margin that readers need."""
    import segno

    stream = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(stream, kind="svg", border=4, omitsize=True, xmldecl=False)
    return stream.getvalue()
