"""The code of README.md and of the tutorial as one module, which mypy strict and pyright check with the others of tests/typing.

``python tests/docs/typed_examples.py`` writes the module anew.
"""

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs_pages import ROOT, read

PAGES = ("README.md", "docs/tutorial/first-desk.md")
MODULE = ROOT / "tests" / "typing" / "documented.py"
_HEAD = '''"""Checked by mypy strict and pyright, never run: the code of README.md and of the tutorial.

Made by tests/docs/typed_examples.py.
"""

from __future__ import annotations
'''


def module():
    """Return the text of the module: a function for each page, with all its Python in order."""
    parts = [_HEAD]
    for name in PAGES:
        code = "\n".join(block.text for block in read(ROOT / name).of("python"))
        title = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
        parts.append(f"\n\ndef {title}() -> None:\n{textwrap.indent(code, '    ')}")
    return "".join(parts)


if __name__ == "__main__":
    MODULE.write_text(module(), "utf-8")
