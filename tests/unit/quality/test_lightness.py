import subprocess
import sys

CODE = """
import sys
import evergreen.quality as quality
quality.parse_expectations('[{"type": "expect_column_to_exist"}]', "e.json")
heavy = [name for name in ("great_expectations", "pandas", "sklearn") if name in sys.modules]
print(",".join(heavy) or "light")
"""


def test_importing_and_parsing_load_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )

    assert done.stdout.strip() == "light"
