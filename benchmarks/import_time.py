"""What importing the package and ``helpdesk-bridge --help`` cost, beside what their dependencies cost by themselves.

Prints JSON: medians in milliseconds of fresh interpreters, over that of a bare interpreter.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

CASES = {
    "bare python": ["-c", ""],
    "import helpdesk_bridge": ["-c", "import helpdesk_bridge"],
    "import requests": ["-c", "import requests"],
    "import attrs": ["-c", "import attrs"],
    "import cattrs": ["-c", "import cattrs"],
    "from helpdesk_bridge import connect": ["-c", "from helpdesk_bridge import connect"],
    "helpdesk-bridge --help": ["-m", "helpdesk_bridge.cli", "--help"],
}


def milliseconds(arguments: list[str], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main(repeats: int = 15) -> None:
    medians = {name: milliseconds(arguments, repeats) for name, arguments in CASES.items()}
    bare = medians["bare python"]
    over = {name: round(value - bare, 1) for name, value in medians.items() if name != "bare python"}
    print(
        json.dumps(
            {
                "bare_python_ms": round(bare, 1),
                "over_bare_ms": over,
                "help_ms": round(medians["helpdesk-bridge --help"], 1),
                "targets": {"import helpdesk_bridge": 20, "helpdesk-bridge --help (whole)": 300},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
