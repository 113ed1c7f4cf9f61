"""The error codes of MCP Events, beside those of JSON-RPC."""

from __future__ import annotations

from typing import Final

__all__ = ["FORBIDDEN", "LIMIT_REACHED", "NOT_FOUND", "UNSUPPORTED"]

NOT_FOUND: Final = -32011
FORBIDDEN: Final = -32012
LIMIT_REACHED: Final = -32013
UNSUPPORTED: Final = -32014
