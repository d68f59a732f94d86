"""The consular document: a verification request in one fixed format, bilingual, as a signed PDF/A and as signed JSON.

::

    dossier --> request.py      everything that is stated, as one JSON value; photos as small JPEGs
                signing.py      Ed25519 over case, document and SHA-256 of the canonical JSON (RFC 8785); the QR has it
                typesetting.py  the same value as pages, the signed JSON in them as an associated file (PDF/A-3)
                pdf_signing.py  Ed25519 over every byte of the file
                documents.py    made, kept, given out and answered, behind the confidentiality gate
    verifying.py    what a recipient does, with the public key alone
"""
