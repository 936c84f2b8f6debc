"""Does with each block of a page what the page says, in order.

| block | what is done |
|---|---|
| below a line "`NAME`:" | saved as that file, if it can be read as what it is |
| `yaml` below a line "In `NAME`:" | added to that file |
| `sh` | typed, in the directory and with the exported variables that the block before left |
| `sh exit-1` | the same; it is to end with this exit code |
| `sh stays` | its last line is `trackwire hub serve`, and the hub runs until the page ends |
| `python` | run |
| `text` | what the `sh` or `python` block above it wrote |
| `text crontab` | settings, and a job whose command is run |
| `json KIND` | read; `tests/contract` holds it to the schema of its kind |
| `{toctree}` | names pages that are there |

In a `text` block, `...` stands for any text of the line, and alone on a line for any lines; blanks
count as one. Any other block is an error: nothing that a page shows goes unexecuted.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docs.blocks import Block
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from docs.newcomer import Newcomer

SERVE = "trackwire hub serve"


@dataclass
class Reading:
    """A newcomer in the midst of a page.

    Args:
        newcomer: Who types.
        meanwhile: What ends with the page.
        folder: Where they are.
        written: What the last command wrote, or None where that was compared already.
    """

    newcomer: Newcomer
    meanwhile: ExitStack
    folder: Path
    written: str | None = None


def run_page(blocks: list[Block], newcomer: Newcomer, folder: Path | None = None) -> None:
    """Execute the blocks of a page in order.

    Args:
        blocks: The blocks.
        newcomer: Who types them.
        folder: Where they begin; None for their home.

    Raises:
        AssertionError: A block does not do what it shows, or there is no way to execute it; the
            text names document and line.
    """
    with ExitStack() as meanwhile:
        reading = Reading(newcomer, meanwhile, folder or newcomer.home)
        for block in blocks:
            try:
                _way_of(block)(block, reading)
            except (AssertionError, ValueError) as error:
                raise AssertionError(f"{block.place}: {error}") from None


def matches(shown: str, written: str) -> bool:
    """Tell whether a `text` block shows what was written.

    Args:
        shown: The block.
        written: What the command wrote.
    """
    pattern = "".join(
        r"(?:.*\n)*?"
        if line == "..."
        else ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
        for line in _lines(shown)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(written))) is not None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.rstrip().splitlines()]


def _way_of(block: Block) -> Callable[[Block, Reading], None]:
    if block.file and not block.part:
        return _save
    way = _WAYS.get(f"{block.kind} {block.word}".strip())
    if block.kind == "sh" and re.fullmatch(r"exit-\d+", block.word):
        way = _type
    if block.kind == "json" and block.word:
        way = _read_json
    assert way, f"no test executes a block {f'{block.kind} {block.word}'.strip()!r}"
    return way


def _save(block: Block, reading: Reading) -> None:
    _READERS.get(block.kind, str)(block.content)
    target = reading.folder / block.file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(block.content, "utf-8")


def _add(block: Block, reading: Reading) -> None:
    assert block.part, "no line above says which file it is a part of: In `NAME`:"
    target = reading.folder / block.file
    yaml = YAML()
    held = yaml.load(target)
    _merge(held, yaml.load(block.content))
    yaml.dump(held, target)


def _merge(held: dict[str, object], more: dict[str, object]) -> None:
    for name, value in more.items():
        inner = held.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            _merge(inner, value)
        else:
            held[name] = value


def _type(block: Block, reading: Reading) -> None:
    expected = int(block.word.partition("-")[2] or 0)
    _run(reading, ["bash", "-euc", f"{_CARRIED}\n{block.content}"], expected)
    reading.folder = Path((reading.newcomer.home / ".folder").read_text("utf-8").rstrip("\n"))
    _refuse_ill_fitting_patch(reading)


def _refuse_ill_fitting_patch(reading: Reading) -> None:
    """Refuse a patch that went in elsewhere than it says, and what an edit leaves beside a file."""
    inexact = re.search(r"^Hunk #\d+ succeeded.*", reading.written or "", re.MULTILINE)
    assert inexact is None, f"the patch does not fit: {inexact[0]}"
    left = sorted(path.name for end in _LEFT for path in reading.newcomer.home.rglob(f"*{end}"))
    assert left == [], f"an edit leaves {', '.join(left)}"


_LEFT = (".orig", ".rej")


_CARRIED = """
trap 'pwd > "$HOME/.folder"; export -p > "$HOME/.exported"' EXIT
[ ! -e "$HOME/.exported" ] || . "$HOME/.exported"
set -o pipefail
"""


def _type_and_serve(block: Block, reading: Reading) -> None:
    before, _, last = block.content.strip().rpartition("\n")
    assert last == SERVE, f"its last line is not {SERVE!r}"
    _type(Block(block.page, block.line, "sh", "", before), reading)
    reading.meanwhile.enter_context(reading.newcomer.serves())


def _run_python(block: Block, reading: Reading) -> None:
    _run(reading, ["python3", "-c", block.content], 0)


def _run(reading: Reading, command: list[str], expected: int) -> None:
    newcomer = reading.newcomer
    done = subprocess.run(
        [newcomer.here(part) for part in command],
        cwd=reading.folder,
        env={**newcomer.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    reading.written = newcomer.there(done.stdout)
    assert done.returncode == expected, f"exit code {done.returncode}\n{reading.written}"


def _compare(block: Block, reading: Reading) -> None:
    assert reading.written is not None, "no block above it writes anything"
    shown, reading.written = reading.written, None
    assert matches(block.content, shown), f"what is written is\n{shown}"


def _run_job(block: Block, reading: Reading) -> None:
    *settings, job = block.content.strip().splitlines()
    assert all(re.fullmatch(r"[A-Z]+=\S+", line) for line in settings), "not a setting"
    command = re.fullmatch(r"(?:[\d*/,-]+\s+){5}(.+)", job)
    assert command, "five fields and a command are no job"
    _run(reading, ["sh", "-c", command[1]], 0)


def _read_json(block: Block, reading: Reading) -> None:
    json.loads(block.content)


def _find_pages(block: Block, reading: Reading) -> None:
    for line in block.content.splitlines():
        if line and not line.startswith(":"):
            target = block.page.parent / line
            found = [target.with_name(target.name + suffix) for suffix in (".md", ".rst")]
            assert any(path.is_file() for path in found), f"there is no page {line}"


_WAYS: dict[str, Callable[[Block, Reading], None]] = {
    "sh": _type,
    "sh stays": _type_and_serve,
    "python": _run_python,
    "text": _compare,
    "text crontab": _run_job,
    "yaml": _add,
    "{toctree}": _find_pages,
}

_READERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "python": lambda text: compile(text, "block", "exec"),
    "toml": tomllib.loads,
    "yaml": lambda text: YAML(typ="safe").load(text),
}
