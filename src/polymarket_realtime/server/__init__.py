"""The MCP face: the only place that imports `mcp`."""
