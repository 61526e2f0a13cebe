"""HTTP: routes, limits and headers, by Starlette. What is asked is handed on as a `Call`; nothing is decided here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samrules.serving.call import HTML, Call, Refusal, Reply, fault, problem, refusal, server_fault
from samrules.serving.door import COOKIE, HOURS, Door
from samrules.serving.pages import Page, problem_page, sign_in_page

Answer = Callable[[Call], Awaitable[Reply]]
Log = Callable[[str], None]

_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
FORM = "application/x-www-form-urlencoded"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
_BODY_SECONDS = 10.0


@attrs.frozen
class Way:
    """A place: the name of the operation, and the type of body it takes, if any."""

    name: str
    method: str
    path: str
    takes: str | None = None


@attrs.frozen
class Fixed:
    """What never changes while the server runs."""

    path: str
    reply: Reply
    public: bool = False


def application(door: Door, routes: Sequence[Way], fixed: Sequence[Fixed], answer: Answer, *, page: Page, most_bytes: int, log: Log,
                lifespan: Any = None) -> ASGIApp:
    """The server as an ASGI application."""
    by_path: dict[str, dict[str, Way]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    found = [Route(path, _endpoint(here, answer, most_bytes, door, log), methods=list(here)) for path, here in by_path.items()]
    found += [Route(f.path, _fixed(f.reply), methods=["GET"]) for f in fixed]
    if door.token is not None:
        found += [Route(SIGN_IN, _sign_in(door), methods=["GET", "POST"]), Route(SIGN_OUT, _sign_out, methods=["POST"])]
    inner = Starlette(routes=found, lifespan=lifespan,
                      exception_handlers={HTTPException: _no_way(page), Refusal: _refused(page), Exception: _failed(page)})
    inner.router.redirect_slashes = False
    public = frozenset({SIGN_IN, *(f.path for f in fixed if f.public)})
    return _Guard(inner, door, public, page, log)


@attrs.frozen
class _Guard:
    """Stands before the routes: who may come in, what every answer carries, one line for each in the log."""

    inner: ASGIApp
    door: Door
    public: frozenset[str]
    page: Page
    log: Log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # nothing else is spoken here
        began, status = time.monotonic(), 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *((k.lower().encode(), v.encode()) for k, v in _HEADERS)]
            await send(message)

        request = Request(scope, receive)
        try:
            self._check(request)
            await self.inner(scope, receive, dressed)
        except Refusal as found:
            await _response(_shown(found, request.url.path, self.page))(scope, receive, dressed)
        except ClientDisconnect:
            status = 499  # nobody is there to be told
        except Exception as error:  # it is answered by then
            self.log(f"fault: {fault(error)}")
        finally:
            self.log(f"{_printable(request.method)} {_printable(scope['path'])} {status} {(time.monotonic() - began) * 1000:.0f} ms")

    def _check(self, request: Request) -> None:
        headers = _headers(request)
        self.door.check(request.method, headers)
        if request.url.path in self.public or self.door.is_open(headers):
            return
        if _is_api(request.url.path):
            raise refusal(401, "needs-token", "this server wants a token", "send the header `Authorization: Bearer …` with the token it was started with",
                          "Authorization", (("WWW-Authenticate", "Bearer"),))
        raise Refusal(303, [], (("Location", SIGN_IN),))


def _endpoint(here: Mapping[str, Way], answer: Answer, most_bytes: int, door: Door, log: Log) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        route = here["GET" if request.method == "HEAD" else request.method]
        body = await _body(request, route.takes, most_bytes) if route.takes else b""
        query = _query(request.url.query)
        headers = _headers(request)
        call = Call(route.name, dict(request.path_params), query, body, door.form_token(headers), door.token is not None)
        reply = await answer(call)
        if reply.fault:
            log(f"fault: {reply.fault}")
        return _response(reply)

    return endpoint


def _query(text: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200))
    except ValueError:
        raise refusal(400, "bad-parameter", "the query cannot be read", "write it as UTF-8, percent-encoded, with at most 200 parameters", "query") from None


async def _body(request: Request, takes: str, most: int) -> bytes:
    """The body, no longer than it may be, in no more time than it may take. Raises Refusal."""
    media = request.headers.get("content-type", "")
    bare, _, charset = (part.strip().lower() for part in media.partition(";"))
    if bare != takes or charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise refusal(415, "bad-media-type", f"the body is `{_printable(media)[:80]}`" if media else "the body says not what it is",
                      f"send `Content-Type: {takes}`, in UTF-8", "Content-Type", _CLOSE)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise refusal(415, "bad-media-type", "the body is compressed", "send it as it is", "Content-Encoding", _CLOSE)
    length = request.headers.get("content-length", "")
    if length.isdigit() and (len(length) > 18 or int(length) > most):
        raise _too_large(most)
    found = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for block in request.stream():
                found += block
                if len(found) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise refusal(408, "slow-body", f"the body did not come within {_BODY_SECONDS:.0f} seconds", "send it again, in one go", "body", _CLOSE) from None
    return bytes(found)


_CLOSE = (("Connection", "close"),)
"""What is left of the body is not read."""


def _too_large(most: int) -> Refusal:
    return refusal(413, "request-too-large", f"the body is larger than {most:,} bytes", "send fewer accounts in a request", "body", _CLOSE)


def _fixed(reply: Reply) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return _response(reply)

    return endpoint


def _sign_in(door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if request.method != "POST":
            return _response(sign_in_page(wrong=False))
        form = dict(_query((await _body(request, FORM, 10_000)).decode("utf-8", "replace")))
        if not door.is_token(form.get("token", "").strip()):
            return _response(sign_in_page(wrong=True))
        response = _response(Reply.see("/"))
        response.set_cookie(COOKIE, door.new_session(), max_age=HOURS * 3600, httponly=True, samesite="strict",
                            secure=request.url.scheme == "https")
        return response

    return endpoint


async def _sign_out(request: Request) -> Response:
    response = _response(Reply.see(SIGN_IN))
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _refused(page: Page) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return _response(_shown(error, request.url.path, page))

    return handler


def _failed(page: Page) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        return _response(_shown(server_fault(), request.url.path, page))

    return handler


def _no_way(page: Page) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        found = refusal(404, "no-such-page", "there is nothing at this address", "the page `/api` lists what there is", "path")
        if error.status_code == 405:
            allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
            found = refusal(405, "no-such-method", f"`{_printable(request.method)[:20]}` is not done here", f"done here: {allowed}",
                            "method", (("Allow", allowed),))
        return _response(_shown(found, request.url.path, page))

    return handler


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, headers={"Content-Type": reply.type})
    for name, value in reply.headers:
        response.headers[name] = value
    return response


def _shown(found: Refusal, path: str, page: Page) -> Reply:
    if found.status == 303:
        return Reply(303, HTML, b"", found.headers)
    return problem(found) if _is_api(path) else problem_page(found, page)


def _is_api(path: str) -> bool:
    return path.startswith("/api/") or path == "/openapi.json"


def _headers(request: Request) -> dict[str, str]:
    """By lower-case name; of a header that stands twice the values are joined, and so match nothing."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() and c != " " else "_" for c in text[:200])
