"""The log lines of the library, read out of its source: ``python tests/docs/log_lines.py`` writes their table anew."""

import ast
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from attrs import frozen
from docs_pages import ROOT

PAGE = ROOT / "docs" / "reference" / "telemetry.md"
LEVELS = ("debug", "info", "warning", "error", "exception", "critical", "log")
BEGIN, END = "<!-- log lines: begin -->\n", "<!-- log lines: end -->\n"


@frozen
class Line:
    """A call of a logger; ``fields`` is None where it has no ``extra`` with a literal event."""

    place: str
    logger: str
    level: str
    message: str
    event: str | None
    fields: tuple[str, ...]


def lines():
    """Return every call of a logger, in the order of its event."""
    found = []
    for folder in ("helpdesk_bridge", "adapters"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            names = {
                node.targets[0].id: ast.literal_eval(node.value.args[0])
                for node in tree.body
                if isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func) == "logging.getLogger"
            }
            found += [
                _line(node, f"{path.relative_to(ROOT)}:{node.lineno}", names[node.func.value.id])
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in names
            ]
    return sorted(found, key=lambda one: (one.event or "", one.place))


def _line(call, place, logger):
    given = next((one.value for one in call.keywords if one.arg == "extra"), None)
    keys = [ast.literal_eval(key) for key in given.keys] if isinstance(given, ast.Dict) else []
    event = ast.literal_eval(given.values[keys.index("event")]) if "event" in keys else None
    message = ast.literal_eval(call.args[0]) if isinstance(call.args[0], ast.Constant) else "…"
    level = {"exception": "error"}.get(call.func.attr, call.func.attr)
    return Line(place, logger, level, message, event, tuple(key for key in keys if key != "event"))


def table():
    """Return the table of the page."""
    rows = {}
    for one in lines():
        logger = one.logger.removeprefix("helpdesk_bridge.")
        fields = ", ".join(f"`{name}`" for name in one.fields)
        rows[one.event] = f"| `{one.event}` | {logger} | {one.level} | {one.message} | {fields} |\n"
    return "| `event` | logger | level | message | other fields |\n|---|---|---|---|---|\n" + "".join(rows.values())


def renewed(page):
    """Return the page with the table as it is now."""
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{table()}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
