"""Who may connect: this machine alone, everybody over TLS, or a proxy that is trusted to say who asks."""

import ipaddress
import re
from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.types import Scope

from api.errors import Refused
from matcher.errors import BadSetting
from matcher.settings import Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_HOST = re.compile(r"(localhost|[0-9.]+|\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*|[0-9.]+|\[[0-9a-f:.]+\]")
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_MOST_HOPS = 16


@dataclass(frozen=True, slots=True)
class Exposure:
    """proxies: who may pass requests on. hosts: names besides the loopback's under which this service is reached.

    over_tls: whether other machines are served directly, over TLS.
    """

    proxies: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    over_tls: bool = False

    def admitted(self, scope: Scope) -> Scope:
        """The request with the address and scheme that it really has; raises Refused where nobody may ask so."""
        headers = Headers(scope=scope)
        client = scope.get("client")
        peer = address_of(client[0]) if client else None
        passed_on = any(name in headers for name in _OF_PROXIES)
        if peer is not None and passed_on and self.proxies and self._is_proxy(peer):
            scope = self._as_forwarded(scope, headers, peer)
            self._must_be_named(headers, is_own=False)
            return scope
        own = peer is not None and peer.is_loopback
        if passed_on or not (own or (self.over_tls and scope["scheme"] == "https" and peer is not None)):
            raise Refused(self._who_is_served())
        self._must_be_named(headers, is_own=own)
        return scope

    def _who_is_served(self) -> str:
        if self.proxies:
            return "only this machine and the proxies that behind_proxy names are served"
        if self.over_tls:
            return "requests that a proxy passed on are refused; name the proxy in behind_proxy"
        return "only this machine is served, and not through a proxy"

    def _is_proxy(self, peer: Address) -> bool:
        return any(peer in network for network in self.proxies)

    def _as_forwarded(self, scope: Scope, headers: Headers, peer: Address) -> Scope:
        """Believe the proxies about what they saw themselves: the last address that is none of theirs."""
        hops = [part.strip() for value in headers.getlist("x-forwarded-for") for part in value.split(",")]
        found: Address = peer
        for hop in reversed(hops[-_MOST_HOPS:]):
            named = address_of(hop)
            if named is None:
                raise Refused("X-Forwarded-For names no address; let the proxy set it anew")
            found = named
            if not self._is_proxy(named):
                break
        if not hops or headers.getlist("x-forwarded-proto") != ["https"]:
            raise Refused("the proxy must say whom it serves (X-Forwarded-For), and over https (X-Forwarded-Proto)")
        return {**scope, "client": (str(found), 0), "scheme": "https"}

    def _must_be_named(self, headers: Headers, *, is_own: bool) -> None:
        hosts = headers.getlist("host")
        found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        name = found[1].lower() if found else ""
        if name in self.hosts or (is_own and names_loopback(name)):
            return
        named = "the setting hosts" if self.hosts else "localhost, 127.0.0.1 or [::1]"
        raise Refused(f"the Host header must name this service: {named}")


LOOPBACK_ONLY = Exposure()


def exposure_of(settings: Settings) -> Exposure:
    """What the settings allow; raises BadSetting for what can't be."""
    made = Exposure(proxies=_networks(settings.behind_proxy), hosts=_hosts(settings.hosts))
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise BadSetting("tls_cert and tls_key belong together; give both, or neither")
    made = replace(made, over_tls=settings.tls_cert is not None and bool(made.hosts))
    if made.proxies and not made.hosts:
        raise BadSetting("behind_proxy needs hosts: the names under which others reach the service")
    return made


def address_of(text: str) -> Address | None:
    """An address, an IPv4 one that is written as IPv6 as itself; None where it is none."""
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def names_loopback(name: str) -> bool:
    """Whether a host's name, without a port, can only be this machine's."""
    found = address_of(name) if not (":" in name and not name.startswith("[")) else None
    return name == "localhost" or (found is not None and found.is_loopback)


def _networks(text: str) -> tuple[Network, ...]:
    try:
        networks = tuple(ipaddress.ip_network(part) for part in _parts(text))
    except ValueError as exc:
        raise BadSetting(f"behind_proxy is {text!r}: {exc}; write addresses or networks with commas") from exc
    for network in networks:
        if network.prefixlen == 0:
            raise BadSetting(f"behind_proxy {network} would trust everybody; name the proxies")
    return networks


def _hosts(text: str) -> frozenset[str]:
    names = frozenset(part.lower() for part in _parts(text))
    for name in names:
        if not _NAME.fullmatch(name):
            raise BadSetting(f"hosts has {name!r}: write names without port or scheme, as in matcher.example.org")
    return names


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
