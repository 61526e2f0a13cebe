"""Who may come in: the host a request names, the site it comes from, the token. Plain functions of headers, no I/O."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs

from samrules.serving.call import clip, refusal

TOKEN_VARIABLE = "SAMRULES_TOKEN"
SHORTEST_TOKEN = 16
COOKIE = "samrules_session"
_OWN = ("none", "same-origin")
HOURS = 12
"""A browser is asked for the token again after so many hours, and after each start of the server."""


@attrs.frozen
class Door:
    """What is let in.

    Attributes:
        token: what a visitor must show; None: nobody is asked (on the loopback address only).
        loopback: whether the server listens there only.
        names: names of hosts by which it may be called, besides `localhost` and addresses.
    """

    token: str | None = attrs.field(default=None, repr=False)
    loopback: bool = True
    names: frozenset[str] = frozenset()
    _secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)

    def check(self, method: str, headers: Mapping[str, str]) -> None:
        """Raises Refusal for a request that names another host, or comes from another site."""
        host = headers.get("host", "")
        if not self._is_ours(_name(host)):
            raise refusal(403, "bad-host", f"this server is not `{clip(host, 80)}`",
                          "call it by its address, or name the host with `--allow-host` when starting", "Host")
        site = headers.get("sec-fetch-site", "none")
        if method in ("GET", "HEAD") and (site in _OWN or headers.get("sec-fetch-mode") == "navigate"):
            return  # a link from elsewhere may lead here; a picture or a script of another page may not
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise refusal(403, "foreign-origin", f"the request comes from a page of `{clip(origin, 80)}`",
                          "send it from a page of this server, or from a program without `Origin`", "Origin")
        if site not in _OWN:
            raise refusal(403, "foreign-origin", "the request comes from a page of another site", "send it from a page of this server", "Sec-Fetch-Site")

    def _is_ours(self, name: str) -> bool:
        """A name of others that leads here by its DNS is what an attack looks like; an address cannot be led."""
        if name == "localhost" or name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.loopback

    def is_open(self, headers: Mapping[str, str]) -> bool:
        """Whether the visitor needs no token, shows it, or holds a session."""
        if self.token is None:
            return True
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(shown.strip())
        return self._is_session(self.session(headers))

    def is_token(self, shown: str) -> bool:
        """Compared in the same time whatever is shown."""
        wanted = hashlib.sha256((self.token or "").encode()).digest()
        return self.token is not None and hmac.compare_digest(hashlib.sha256(shown.encode("utf-8", "replace")).digest(), wanted)

    def new_session(self) -> str:
        """What the cookie of a visitor holds who has shown the token: until when, and a seal."""
        until = str(int(time.time()) + HOURS * 3600)
        return f"{until}.{self._seal('session', until)}"

    def _is_session(self, cookie: str) -> bool:
        until, _, seal = cookie.partition(".")
        return hmac.compare_digest(seal.encode(), self._seal("session", until).encode()) and until.isdigit() and int(until) > time.time()

    def session(self, headers: Mapping[str, str]) -> str:
        for part in headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == COOKIE:
                return value
        return ""

    def form_token(self, headers: Mapping[str, str]) -> str:
        """What a form must carry: a page of another site cannot read it from ours."""
        return self._seal("form", self.session(headers))

    def _seal(self, purpose: str, what: str) -> str:
        return hmac.new(self._secret, f"{purpose}:{what}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _name(host: str) -> str:
    """The host without its port: `[::1]:80` is `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.count(":") == 1 else host.lower()
