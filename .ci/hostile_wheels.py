"""Packs each distribution of tests/data/dists as a wheel: hostile_wheels.py FOLDER.

FOLDER/all.txt names them all, to be installed with `--no-deps --no-index -r`.
What is in a folder goes into the wheel as it is, with the WHEEL and RECORD that an installer asks
for. The distributions of NOT_WHEELS are left out, each for its reason.
"""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

DISTS = Path(__file__).resolve().parents[1] / "tests" / "data" / "dists"
NOT_WHEELS = {
    "damaged": "its metadata cannot be read, as after a disk fault",
    "nameless": "it has no metadata, as what an uninstallation left behind",
    "older": "another version of fake-good, which an installer replaces",
    "unreadable": "pytest ends at its start where such a distribution is installed",
}
WHEEL = "Wheel-Version: 1.0\nGenerator: hostile_wheels\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pack(folder: Path, output: Path) -> Path:
    """Write the wheel of the one distribution in a folder, and return its path."""
    (info,) = folder.glob("*.dist-info")
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"{info.name}/WHEEL"] = WHEEL.encode()
    record = f"{info.name}/RECORD"
    lines = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    path = output / f"{info.name.removesuffix('.dist-info')}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return path


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    packed = [
        pack(each, target)
        for each in sorted(DISTS.iterdir())
        if each.is_dir() and each.name not in NOT_WHEELS
    ]
    (target / "all.txt").write_text("".join(f"{wheel}\n" for wheel in packed), encoding="utf-8")
