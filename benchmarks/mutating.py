"""Mutations of CSV, YAML and NDJSON texts: what hands, disks, exports and strangers make of a sound input."""

import json
import random
from collections.abc import Callable
from typing import Any

import yaml

__all__ = ["mutated_csv", "mutated_ndjson", "mutated_yaml"]

PIECES = [
    *(b",", b'"', b'""', b"\n", b"\r\n", b"\r", b"\x00", b"\t", b";", b" ", b"\\", b"'"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "１，２".encode(), "\u2028".encode(), "\x85".encode()),
    *(b"9" * 400, b"-", b"1e999", b"nan", b"inf", b"-0", b"0x1F", b"1_0", b"{", b"}", b"[", b"]", b": ", b"- ", b"&a "),
    *(b"*a", b"!!int ", b"? ", b"<<: ", b"|\n", b"%", b"@", b"`", b"#", b"2024-13-45", b"24:00", b"0000-00-00"),
]
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        float("inf"),
        float("nan"),
        10**30,
        "",
        " ",
        "x",
        "\x00",
        "ключ",
        "(",
        "(a",
        "[",
        "{}",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"x": 1},
        {"from": None},
        ["id", "id"],
        "2024-13-45",
        "9" * 5000,
        "../../etc/passwd",
        "/etc",
    ),
    *("**", "%Q", "%Y-%m", "epoch_s", "Europe/Nowhere", "UTC+25", "-99:99", "utf-7", "rot13", "idna", "utf-16", "zlib"),
]
SNIPPETS = [
    "unknown: 1\n",
    "x: &a [*a]\n",
    "x: *nowhere\n",
    "a: &a [1, 1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
    "x: !!python/object/apply:os.getcwd []\n",
    "x: !!timestamp 2024-13-45\n",
    "x: 2024-13-45\n",
    f"x: {'9' * 5000}\n",
    f"x: {'[' * 3000}\n",
    f"x: {'{a: ' * 300}1{'}' * 300}\n",
    "? [a, b]\n: 1\n",
    "<<: {name: other}\n",
    "---\nname: second\n",
    "name: twice\n",
    "x: 1:60:60\n",
    "x: 0b2\n",
    "x: !!binary x\n",
    "\t\n",
]


def mutated_csv(text: bytes, rng: random.Random) -> bytes:
    """One to four faults of bytes, lines or cells."""
    kinds: list[Callable[[bytes, random.Random], bytes]] = [_bytes, _bytes, _cut, _lines, _cells]
    for _ in range(rng.randint(1, 4)):
        text = rng.choice(kinds)(text, rng)
    return text


def mutated_yaml(text: str, rng: random.Random) -> bytes:
    """Faults of bytes, of whole lines, of values and keys, or something that YAML can say and nobody should."""
    how = rng.randrange(4)
    if how == 0:
        document = yaml.safe_load(text)
        for _ in range(rng.randint(1, 2)):
            _replace(document, rng)
        return yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode("utf-8", "replace")
    if how == 1:
        return text.encode() + rng.choice(SNIPPETS).encode()
    if how == 2:
        lines = text.splitlines(keepends=True)
        at = rng.randrange(len(lines))
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(" "))]
        lines[at:at] = rng.choice([[indent + rng.choice(SNIPPETS)], [lines[at]], [lines[rng.randrange(len(lines))]]])
        return "".join(lines).encode()
    return mutated_csv(text.encode(), rng)


def mutated_ndjson(text: bytes, rng: random.Random) -> bytes:
    """Faults of bytes and lines, or of values and names in some of the objects."""
    if rng.random() < 0.5:
        return mutated_csv(text, rng)
    lines = text.decode().splitlines()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        lines[at] = _other_object(lines[at], rng)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _bytes(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    if rng.random() < 0.3 and at < len(text):
        return text[:at] + bytes([text[at] ^ (1 << rng.randrange(8))]) + text[at + 1 :]
    gone = rng.choice([0, 0, 1, rng.randint(1, 30)])
    return text[:at] + rng.choice([*PIECES, bytes([rng.randrange(256)]), b""]) + text[at + gone :]


def _cut(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    return rng.choice([text[:at], text[at:], text[:at] + text[: rng.randrange(200)] + text[at:]])


def _lines(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], rng.choice([lines[one], lines[other], b"", lines[one] * 2])
    return b"\n".join(lines)


def _cells(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    places = range(len(lines)) if rng.random() < 0.3 else [rng.randrange(len(lines))]
    first, second, piece = rng.random(), rng.random(), rng.choice(PIECES)
    for place in places:
        cells = lines[place].split(b",")
        one, other = int(first * len(cells)), int(second * len(cells))
        cells[one], cells[other] = (cells[other], cells[one]) if piece in PIECES[:20] else (piece, cells[other])
        lines[place] = b",".join(cells)
    return b"\n".join(lines)


def _replace(document: Any, rng: random.Random) -> None:
    """Put something odd at a random place of a tree, or give it a key nobody knows."""
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.7:
            node = node[key]
            continue
        if isinstance(node, dict) and rng.random() < 0.3:
            node[rng.choice(["colour", 1, None, True, "from", "files", "derive"])] = rng.choice(ODD)
        elif rng.random() < 0.2:
            del node[key]
        else:
            node[key] = rng.choice(ODD)
        return


def _other_object(line: str, rng: random.Random) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return line + rng.choice(["}", "{", "\\"])
    if not isinstance(row, dict) or not row:
        return json.dumps([row])
    key = rng.choice(list(row))
    how = rng.randrange(5)
    if how == 0:
        row[rng.choice(["colour", "", "_batch_seq", "$file", key.upper()])] = rng.choice(ODD)
    elif how == 1:
        del row[key]
    elif how == 2:
        return line[:-1] + f', "{key}": 1}}'
    elif how == 3:
        return line.replace(
            json.dumps(row[key]), rng.choice(["[" * 3000, "1e999", "9" * 5000, '"\\ud800"', "NaN", "-"]), 1
        )
    else:
        row[key] = rng.choice(ODD)
    return json.dumps(row)
