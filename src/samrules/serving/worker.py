"""A process that answers calls, one at a time: it can be ended in the middle of one, and another takes its place.

Started as `python -m samrules.serving.worker`. Its first frame is the pickled service, each further one a pickled call; a frame
that it writes is the head of the reply as JSON and its body. When its input ends, so does it.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
from typing import IO

from samrules.serving.call import Call, Reply

READY = b"ready"


def frame(*parts: bytes) -> bytes:
    """Parts of bytes, each after its length, eight bytes."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def reply_of(head: bytes, body: bytes) -> Reply:
    found = json.loads(head)
    return Reply(found["status"], found["type"], body, tuple((k, v) for k, v in found["headers"]), found["fault"])


def _read(source: IO[bytes]) -> bytes | None:
    head = source.read(8)
    if len(head) < 8:
        return None
    return source.read(int.from_bytes(head, "big"))


def main() -> None:
    for which in (signal.SIGINT, signal.SIGTERM):  # these may go to all of the group; the server ends its workers itself
        signal.signal(which, signal.SIG_IGN)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not speak in between
    first = _read(source)
    if first is None:
        return
    service = pickle.loads(first)
    sink.write(frame(READY))
    sink.flush()
    while (asked := _read(source)) is not None:
        call: Call = pickle.loads(asked)
        reply = service.answer(call)
        head = json.dumps({"status": reply.status, "type": reply.type, "headers": reply.headers, "fault": reply.fault}).encode()
        try:
            sink.write(frame(head, reply.body))
            sink.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main()
