"""Replays the recorded transcript of the original marketplace against an application.

``tests/vectors/reference-transcript.json`` holds 32 cases of requests with what the original answered, as recorded
(the original's revision 5a4d241, 2026-11-22).  ``reference-differences.json`` says where we answer otherwise, and why.
Templates such as ``{{alice.id}}`` and matchers such as ``{"$match": "hex64"}`` stand for what differs between runs.
"""

import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

VECTORS = Path(__file__).parents[1] / "vectors"
TRANSCRIPT = json.loads((VECTORS / "reference-transcript.json").read_text())
DIFFERENCES = json.loads((VECTORS / "reference-differences.json").read_text())
CASES = {case["id"]: case for case in TRANSCRIPT["cases"]}
_ON_PURPOSE = {(each["case"], each["step"]): each for each in DIFFERENCES["differences"]}
_FORBIDDEN = {each["path"]: set(each["keys"]) for each in DIFFERENCES["drop_keys"]}

_TEMPLATE = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*(?:([+-])\s*(\d+)\s*)?\}\}")
_MISSING = object()
Values = dict[str, Any]
MakeUser = Callable[[str], Awaitable[Mapping[str, str]]]
"""From a role, ``user`` or ``admin``, to ``userId``, ``apiKey`` and ``email``."""


def render(value: Any, values: Values) -> Any:
    """Fill templates in; a text that is nothing but one takes its value's type."""
    if isinstance(value, str):
        whole = _TEMPLATE.fullmatch(value)
        if whole:
            return _look_up(values, *whole.groups())
        return _TEMPLATE.sub(lambda found: str(_look_up(values, *found.groups())), value)
    if isinstance(value, list):
        return [render(each, values) for each in value]
    if isinstance(value, dict):
        if set(value) == {"$fill", "times"}:
            return value["$fill"] * value["times"]
        return {render(name, values): render(each, values) for name, each in value.items()}
    return value


def _look_up(values: Values, name: str, sign: str | None, number: str | None) -> Any:
    value = values[name]
    return int(value) + int(f"{sign}{number}") if sign else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


MATCHERS: dict[str, Callable[[Any], bool]] = {
    "hex64": lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f]{64}", value)),
    "address": lambda value: isinstance(value, str) and 30 <= len(value) <= 120 and value.isalnum(),
    "timestamp_object": lambda value: (
        set(value) == {"_seconds", "_nanoseconds"} and value["_seconds"] > 10**9 and 0 <= value["_nanoseconds"] < 10**9
    ),
    "time_ms": lambda value: isinstance(value, int) and value > 10**12,
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "error_text": lambda value: isinstance(value, str) and bool(value.strip()),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "any": lambda _: True,
}


def differences(wanted: Any, got: Any, place: str = "") -> list[str]:
    """Where an answer is not what was recorded; more keys than recorded are no difference."""
    if isinstance(wanted, dict) and "$match" in wanted:
        return [] if MATCHERS[wanted["$match"]](got) else [f"{place}: {got!r} is no {wanted['$match']}"]
    if isinstance(wanted, dict) and "$unordered" in wanted:
        rest = list(got) if isinstance(got, list) else []
        for each in wanted["$unordered"]:
            fitting = next((one for one in rest if not differences(each, one)), _MISSING)
            if fitting is _MISSING:
                return [f"{place}: nothing like {each!r} among {got!r}"]
            rest.remove(fitting)
        return [f"{place}: {rest!r} is too much"] if rest else []
    if isinstance(wanted, dict) and isinstance(got, dict):
        found = []
        for name, each in wanted.items():
            found += differences(each, got[name], f"{place}/{name}") if name in got else [f"{place}/{name}: missing"]
        return found
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        pairs = enumerate(zip(wanted, got, strict=True))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{place}/{index}")]
    is_same = wanted == got and (type(wanted) is type(got) or (_is_number(wanted) and _is_number(got)))
    return [] if is_same else [f"{place}: wanted {wanted!r}, got {got!r}"]


async def replay(case: Mapping[str, Any], http: httpx2.AsyncClient, make_user: MakeUser) -> dict[str, list[str]]:
    """Send a case's requests; returns what was wrong, by step."""
    values: Values = {"run": f"r{uuid.uuid4().hex[:10]}", "now": int(time.time() * 1000)}
    for alias, role in (case.get("users") or {}).items():
        user = await make_user(role)
        values |= {f"{alias}.id": user["userId"], f"{alias}.key": user["apiKey"], f"{alias}.email": user["email"]}
    for name, template in (case.get("vars") or {}).items():
        values[name] = render(template, values)
    wrong: dict[str, list[str]] = {}
    for step in case["steps"]:
        otherwise = _ON_PURPOSE.get((case["id"], step["name"]))
        lines = await _step(step, otherwise, http, values)
        if lines:
            wrong[step["name"]] = lines
        if otherwise is not None and otherwise.get("then") == "stop":
            break
    return wrong


async def _step(step: Any, otherwise: Any, http: httpx2.AsyncClient, values: Values) -> list[str]:
    expected = step["expect"]
    if otherwise is not None:
        expected = {"status": expected.get("status")} | {
            name: otherwise[name] for name in ("status", "body", "headers") if name in otherwise
        }
    repeat = step.get("repeat")
    wrong: list[str] = []
    for value in repeat["values"] if repeat else [None]:
        local = values if repeat is None else {**values, repeat["var"]: render(value, values)}
        answer = await _send(http, render(step["request"], local))
        body = answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else _MISSING
        for name, pointer in (step.get("capture") or {}).items():
            values[name] = body.get(pointer.lstrip("/")) if isinstance(body, dict) else None
        wrong += _check(expected, step, answer, body, local)
    return wrong


async def _send(http: httpx2.AsyncClient, request: Any) -> httpx2.Response:
    query = request.get("query")
    url = request["path"] + (f"?{_query(query)}" if query else "")
    headers = dict(request.get("headers") or {})
    content: bytes | None = None
    if "json" in request:
        content = json.dumps(request["json"], ensure_ascii=False).encode("utf-8", "surrogatepass")
        headers.setdefault("Content-Type", "application/json")
    elif "form" in request:
        content = _query(request["form"]).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif "body" in request:
        content = request["body"].encode()
    return await http.request(request.get("method", "GET"), url, headers=headers, content=content)


def _query(fields: Any) -> str:
    return fields if isinstance(fields, str) else urlencode({k: str(v) for k, v in fields.items()}, quote_via=quote)


def _check(expected: Any, step: Any, answer: httpx2.Response, body: Any, values: Values) -> list[str]:
    statuses = expected.get("status")
    wrong = []
    if answer.status_code not in (statuses if isinstance(statuses, list) else [statuses]):
        wrong.append(f"status {answer.status_code} instead of {statuses}: {answer.text[:200]}")
    for name, value in (expected.get("headers") or {}).items():
        got, header = answer.headers.get(name, ""), str(render(value, values))
        if name == "content-type":
            is_right = got.split(";")[0] == header
        elif name in ("vary", "access-control-allow-methods"):
            is_right = {each.strip() for each in header.split(",")} <= {each.strip() for each in got.split(",")}
        else:
            is_right = got == header
        if not is_right:
            wrong.append(f"header {name}: {got!r} instead of {header!r}")
    pick = render((step.get("compare") or {}).get("pick"), values)
    if pick and isinstance(body, list):
        body = [item for value in pick["values"] for item in body if item.get(pick["field"]) == value]
    forbidden = _FORBIDDEN.get(step["request"]["path"], set())
    if isinstance(body, dict) and forbidden & set(body):
        wrong.append(f"{forbidden & set(body)} must not be there")
    if "body" in expected:
        wanted = render(expected["body"], values)
        if isinstance(wanted, dict) and "$match" not in wanted:
            wanted = {name: value for name, value in wanted.items() if name not in forbidden}
        wrong += differences(wanted, body)
    elif expected.get("empty") and answer.content:
        wrong.append(f"there is a body: {answer.text[:200]}")
    return wrong
