"""The pages of the documentation, taken apart: code blocks, links, headings, and the hidden comments that steer tests.

<!-- runs on: local, deskie -->    once per vendor; "as written" takes the vendors of the page's TOML blocks
<!-- simulator: KEY=VALUE; … -->   switches of the simulators of this page
<!-- file: NAME -->                before a block: write it to a file; a test_*.py is run by pytest
<!-- run: CODE -->                 before a sh block: run its helpdesk-bridge lines, which end with these exit codes
<!-- command: NAME -->             before a sh block: a start command of README.md, which .ci/run reads too
"""

import re
import shlex
from pathlib import Path

from attrs import field, frozen
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_COMMENT = re.compile(r"<!--\s*(?P<name>[a-z ]+):\s*(?P<value>.*?)\s*-->")
_SEPARATORS = {"|", ">", ">>", "&", "&&", ";", "2>&1"}


@frozen
class Block:
    """A fenced block, with the comments right above it."""

    language: str
    text: str
    line: int
    comments: dict[str, str] = field(factory=dict)

    @property
    def command_lines(self):
        """The shell words of its helpdesk-bridge lines, without what follows a pipe or redirection."""
        found = []
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            start = next((at for at, word in enumerate(words) if word.rpartition("/")[2] == "helpdesk-bridge"), None)
            if start is None or (start and words[start - 1] not in _SEPARATORS):
                continue
            rest = words[start + 1 :]
            end = next((at for at, word in enumerate(rest) if word in _SEPARATORS), len(rest))
            found.append(tuple(rest[:end]))
        return found


@frozen
class Page:
    """One page."""

    path: Path
    blocks: tuple[Block, ...]
    comments: dict[str, str]
    links: tuple[str, ...]
    anchors: frozenset[str]

    @property
    def name(self):
        return self.path.relative_to(ROOT).as_posix()

    def of(self, *languages):
        return [block for block in self.blocks if block.language in languages]


def read(path):
    blocks, page_comments, pending, links, anchors = [], {}, {}, [], set()
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))
    for at, token in enumerate(tokens):
        if token.type == "html_block":
            found = {one["name"]: one["value"] for one in _COMMENT.finditer(token.content)}
            pending |= found
            page_comments |= found
            continue
        if token.type == "fence":
            blocks.append(Block(token.info.strip(), token.content, (token.map or [0])[0] + 2, pending))
        if token.type == "inline":
            links += [str(child.attrs["href"]) for child in token.children or () if child.type == "link_open"]
            if at and tokens[at - 1].type == "heading_open":
                anchors.add(_slug(token.content))
        pending = {} if token.level == 0 else pending
    return Page(path, tuple(blocks), page_comments, tuple(links), frozenset(anchors))


def _slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-")
