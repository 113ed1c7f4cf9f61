"""The tools, apart from the server that shows them.

Any MCP server can host them beside its own: answer `tools/list` and `tools/call` from
`table.make_toolbox(Subscriber(desk, pusher))`, and keep `desk.run()` and `pusher.run()` going
while the client is connected.
"""
