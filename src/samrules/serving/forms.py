"""Forms of pages: what came with one, and whether it came from a page of this server."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import parse_qsl

from samrules.serving.call import Call, refusal

TOKEN = "form_token"
_MOST_FIELDS = 2_000


def form_of(call: Call, names: Collection[str], prefix: str | None = None) -> dict[str, str]:
    """The fields of a form, blanks around them taken off; those that begin with `prefix` besides those of `names`.

    Raises Refusal: a form of another page, a field that the form does not have, or one that stands twice.
    """
    try:
        pairs = parse_qsl(call.body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise refusal(400, "bad-form", "the form cannot be read", "send it from the page that it stands on") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found or not (name == TOKEN or name in names or (prefix is not None and name.startswith(prefix))):
            raise refusal(400, "bad-form", "the form has a field that it does not have here, or has it twice", "send it from the page that it stands on")
        found[name] = value.strip()
    if not hmac.compare_digest(found.pop(TOKEN, "").encode(), call.form_token.encode()):
        raise refusal(403, "bad-form", "the form does not come from a page of this server as it runs now", "open the page again, and send the form from there")
    return found
