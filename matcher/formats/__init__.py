"""One file per file format: untrusted bytes in, unpacked pixels out, or a refusal."""
