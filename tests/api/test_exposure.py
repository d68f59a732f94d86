"""Who may connect: over TLS, and through proxies that are named; nobody else is believed."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.auth.exposure import exposure_of
from api.errors import Refused
from api.guard import admit
from matcher.errors import BadSetting
from matcher.settings import Settings

HOME = Path("/dev/null/never")
PROXIED = Settings(home=HOME, behind_proxy="10.0.0.0/24, 127.0.0.1", hosts="matcher.example.org")
DIRECT = Settings(home=HOME, tls_cert=HOME, tls_key=HOME, hosts="matcher.example.org, 192.0.2.1")
OVER = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "Host": "matcher.example.org"}


def admitted(
    settings: Settings, client: str, headers: dict[str, str], *, scheme: str = "http"
) -> tuple[str, str] | None:
    """The address and scheme that a request is taken to have; None where it is refused."""
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "client": (client, 1), "scheme": scheme, "method": "GET", "path": "/", "headers": lines}
    try:
        found = admit(scope, exposure_of(settings))
    except Refused:
        return None
    return found["client"][0], found["scheme"]


def test_a_named_proxy_is_believed_about_what_it_saw() -> None:
    assert admitted(PROXIED, "10.0.0.9", OVER) == ("198.51.100.7", "https")
    assert admitted(PROXIED, "127.0.0.1", OVER) == ("198.51.100.7", "https")
    # What the client wrote there itself stands further left, and is not believed.
    for chain in ("203.0.113.1, 198.51.100.7", "127.0.0.1, 198.51.100.7, 10.0.0.5", "10.0.0.1,198.51.100.7"):
        assert admitted(PROXIED, "10.0.0.9", {**OVER, "X-Forwarded-For": chain}) == ("198.51.100.7", "https"), chain


@pytest.mark.parametrize(
    ("client", "changed"),
    [
        ("10.0.1.9", {}),
        ("198.51.100.7", {}),
        ("10.0.0.9", {"X-Forwarded-Proto": "http"}),
        ("10.0.0.9", {"X-Forwarded-Proto": "https, http"}),
        ("10.0.0.9", {"X-Forwarded-Proto": ""}),
        ("10.0.0.9", {"X-Forwarded-For": ""}),
        ("10.0.0.9", {"X-Forwarded-For": "198.51.100.7, unknown"}),
        ("10.0.0.9", {"Host": "evil.example"}),
        ("10.0.0.9", {"Host": "127.0.0.1"}),
        ("10.0.0.9", {"Origin": "http://matcher.example.org"}),
        ("10.0.0.9", {"Origin": "https://evil.example"}),
    ],
)
def test_nobody_else_is_believed(client: str, changed: dict[str, str]) -> None:
    assert admitted(PROXIED, client, {**OVER, **changed}) is None


def test_beside_a_proxy_only_this_machine_is_served() -> None:
    assert admitted(PROXIED, "127.0.0.1", {"Host": "127.0.0.1:8000"}) == ("127.0.0.1", "http")
    for client in ("10.0.0.9", "192.0.2.7"):
        assert admitted(PROXIED, client, {"Host": "matcher.example.org"}) is None


def test_over_tls_everybody_may_connect_under_the_right_name() -> None:
    named = {"Host": "matcher.example.org"}
    assert admitted(DIRECT, "192.0.2.7", named, scheme="https") == ("192.0.2.7", "https")
    assert admitted(DIRECT, "192.0.2.7", {"Host": "192.0.2.1:8443"}, scheme="https") is not None
    assert admitted(DIRECT, "192.0.2.7", named) is None
    assert admitted(DIRECT, "192.0.2.7", {"Host": "localhost"}, scheme="https") is None
    assert admitted(DIRECT, "192.0.2.7", {"Host": "evil.example"}, scheme="https") is None
    assert admitted(DIRECT, "192.0.2.7", {**named, "X-Forwarded-For": "127.0.0.1"}, scheme="https") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"behind_proxy": "10.0.0.0/24"},
        {"behind_proxy": "0.0.0.0/0", "hosts": "a.example"},
        {"behind_proxy": "::/0", "hosts": "a.example"},
        {"behind_proxy": "proxy", "hosts": "a.example"},
        {"tls_cert": HOME},
        {"tls_key": HOME},
        {"hosts": "https://a.example"},
        {"hosts": "a.example:8443"},
        {"hosts": "*"},
    ],
)
def test_settings_that_can_not_be(wrong: dict[str, object]) -> None:
    with pytest.raises(BadSetting):
        exposure_of(Settings(home=HOME, **wrong))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's own address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return chain, private


def test_over_tls_cookies_are_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    """Without a server between: the scheme is what uvicorn says of a TLS connection."""
    from api.app import create_app

    chain, key = certificate(tmp_path)
    settings = Settings(home=tmp_path, tls_cert=chain, tls_key=key, hosts="matcher.example.org", password_kib=19_456)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(settings), client=("192.0.2.7", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="https://matcher.example.org") as client:
            return await client.get("/signin")

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-matcher-visitor=")
    assert "Secure" in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.long
def test_it_is_served_over_tls_and_over_nothing_older_than_1_2(tmp_path: Path) -> None:
    from tests.cli.parts import started

    chain, key = certificate(tmp_path)
    arguments = ("--without-accounts", "--tls-cert", chain, "--tls-key", key, "--port", 0)
    with started("serve", "--home", tmp_path / "home", *arguments, folder=tmp_path, PYTHONUNBUFFERED="1") as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1]
            assert address.startswith("https://127.0.0.1:")
            context = ssl.create_default_context(cafile=str(chain))
            answer = httpx.get(f"{address}/healthz", verify=context, timeout=30)
            assert answer.status_code == 200
            assert "strict-transport-security" in answer.headers
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.load_verify_locations(chain)
            old.set_ciphers("ALL:@SECLEVEL=0")
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{address}/healthz", verify=old, timeout=30)
        finally:
            process.terminate()
            process.communicate(timeout=30)
