"""Floor 3: connections, supervisors and REST. Knows no subscriber and no MCP."""
