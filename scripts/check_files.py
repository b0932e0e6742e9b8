"""Refuse files that do not belong into the repository; exit 1 with one line for each.

Refused are files above 500 kB (locks excepted), private keys, pickles and other binary models, and
YAML that does not parse or names one key twice.

Usage: python scripts/check_files.py FILE...
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 500_000
LOCK = re.compile(r"requirements.*\.txt")
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".h5", ".onnx", ".pt"}
# A pickle of protocol 2 to 5 begins so; older ones have no mark of their own.
PICKLE_START = re.compile(rb"\x80[\x02-\x05]")
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
YAML = {".yaml", ".yml"}


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML, and a key given twice is an error."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value if key.value != "<<"]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.YAMLError(
            f"line {node.start_mark.line + 1}: key given twice: {', '.join(twice)}"
        )
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def find_problems(path: Path) -> Iterator[str]:
    """Return one sentence for each reason to refuse the file; none for a good file."""
    content = path.read_bytes()
    if len(content) > MAX_BYTES and not LOCK.fullmatch(path.name):
        yield f"{len(content):,} bytes; the limit is {MAX_BYTES:,}: keep large data elsewhere"
    if path.suffix in PICKLES or PICKLE_START.match(content):
        yield "looks like a pickled or binary model; models are kept as LightGBM text in MLflow"
    if PRIVATE_KEY.search(content):
        yield "holds a private key; take it out and replace the key"
    if path.suffix in YAML:
        try:
            list(yaml.load_all(content, Loader=_StrictLoader))
        except yaml.YAMLError as error:
            yield f"is not usable YAML: {' '.join(str(error).split())}"


def main(names: list[str]) -> int:
    """Check the files of these names; missing files and links are passed over."""
    bad = 0
    for path in map(Path, names):
        if path.is_file() and not path.is_symlink():
            for problem in find_problems(path):
                sys.stderr.write(f"{path}: {problem}\n")
                bad += 1
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
