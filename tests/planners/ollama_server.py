"""A small real HTTP server: Ollama's API and OpenAI's chat completions, with chosen faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], str]
MODEL = "scripted:latest"


class Behaviour(StrEnum):
    """How the server misbehaves; `GOOD` is how it should."""

    GOOD = "good"
    MALFORMED = "malformed"
    PROSE = "prose"
    SLOW = "slow"
    DRIBBLE = "dribble"
    DYING = "dying"
    IGNORES_FORMAT = "ignores_format"
    EMPTY = "empty"
    NOT_HTTP_JSON = "not_http_json"
    FAILING = "failing"
    NO_ACCESS = "no_access"


@dataclass
class Script:
    """What the server does and what it was asked."""

    answer: Answer
    behaviour: Behaviour = Behaviour.GOOD
    model: str = MODEL
    requests: list[dict[str, Any]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def text(self, body: dict[str, Any]) -> str:
        """The answer as the behaviour has it."""
        good = self.answer(body)
        return {
            Behaviour.MALFORMED: good[: len(good) // 2],
            Behaviour.PROSE: f"Sure! Here is my plan:\n```json\n{good}\n```\nGood luck {{robot}}!",
            Behaviour.IGNORES_FORMAT: "I would go to the nearest room first, then to the others.",
            Behaviour.EMPTY: "",
        }.get(self.behaviour, good)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        entry = {"name": self.script.model, "model": self.script.model, "size": 1}
        answers = {
            "/api/version": {"version": "0.0.0"},
            "/api/tags": {"models": [entry]},
            "/api/ps": {"models": [entry]},
            "/v1/models": {
                "object": "list",
                "data": [
                    {"id": self.script.model, "object": "model", "created": 0, "owned_by": "x"}
                ],
            },
        }
        if self.script.behaviour is Behaviour.SLOW:
            self.script.stop.wait(30.0)
        if self.script.behaviour is Behaviour.NO_ACCESS:
            self._send(401, {"error": {"message": "bad key"}})
        elif self.path in answers:
            self._send(200, answers[self.path])
        else:
            self._send(404, {"error": "not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self.script.requests.append(
            {
                "path": self.path,
                "body": body,
                "authorization": self.headers.get("Authorization"),
            }
        )
        model = body.get("model", "")
        if model not in (self.script.model, self.script.model.removesuffix(":latest")):
            message = f"model '{model}' not found"
            openai = self.path.startswith("/v1")
            self._send(404, {"error": {"message": message} if openai else message})
        elif self.script.behaviour is Behaviour.FAILING:
            self._send(500, {"error": "out of memory"})
        elif self.script.behaviour is Behaviour.NO_ACCESS:
            self._send(401, {"error": {"message": "bad key"}})
        elif self.script.behaviour is Behaviour.NOT_HTTP_JSON:
            self._raw(200, b"<html>login page</html>", "text/html")
        elif self.path == "/api/show":
            self._send(200, {"details": {"family": "scripted"}, "model_info": {}})
        elif self.path in ("/api/chat", "/api/generate"):
            self._ollama(body)
        elif self.path == "/v1/chat/completions":
            self._openai(body)
        else:
            self._send(404, {"error": "not found"})

    def _ollama(self, body: dict[str, Any]) -> None:
        chat = self.path == "/api/chat"
        text = self.script.text(body)
        if self.script.behaviour is Behaviour.SLOW:
            self.script.stop.wait(30.0)
        pieces = [text[i : i + 12] for i in range(0, len(text), 12)]
        if not body.get("stream", True):
            pieces = [text]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(pieces):
            if self.script.behaviour is Behaviour.DYING and number == 1:
                self.close_connection = True
                self.connection.close()
                return
            if self.script.behaviour is Behaviour.DRIBBLE and self.script.stop.wait(0.05):
                return
            if not self._chunk(self._part(body, chat, piece, done=False)):
                return
        self._chunk(self._part(body, chat, "", done=True))
        self.wfile.write(b"0\r\n\r\n")

    def _part(self, body: dict[str, Any], chat: bool, piece: str, *, done: bool) -> dict[str, Any]:
        part: dict[str, Any] = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z"}
        part |= (
            {"message": {"role": "assistant", "content": piece}} if chat else {"response": piece}
        )
        part["done"] = done
        if done:
            part |= {"done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}
        return part

    def _chunk(self, part: dict[str, Any]) -> bool:
        data = json.dumps(part).encode() + b"\n"
        try:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            return False
        return True

    def _openai(self, body: dict[str, Any]) -> None:
        text = self.script.text(body)
        if self.script.behaviour in (Behaviour.SLOW, Behaviour.DRIBBLE):
            self.script.stop.wait(30.0)
        answer = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }
        data = json.dumps(answer).encode()
        if self.script.behaviour is Behaviour.DYING:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self._raw(200, data, "application/json")

    def _send(self, code: int, body: dict[str, Any]) -> None:
        self._raw(code, json.dumps(body).encode(), "application/json")

    def _raw(self, code: int, data: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True


@contextmanager
def serving(script: Script, port: int = 0) -> Iterator[str]:
    """Serves a script, on a free port unless one is asked for; yields the address."""
    handler = type("Handler", (_Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        script.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
