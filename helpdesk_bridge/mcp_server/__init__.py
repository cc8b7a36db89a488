"""The MCP server: one desk as tools for a language model, within a budget that other programs share. Needs the extra mcp.

``helpdesk-bridge mcp DESK`` serves it. What a model may do is chosen when the server starts and never widens.
"""

from __future__ import annotations
