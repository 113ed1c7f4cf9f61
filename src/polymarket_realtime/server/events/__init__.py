"""MCP Events (SEP-3415): clients subscribe to what happens, by `events/poll` or `events/stream`.

Source: the working group's design sketch, modelcontextprotocol/experimental-ext-triggers-events,
`docs/design-sketch-proposal.md` at 082166f. What this extension needs is in this folder; the rest
of the server registers it and knows no more.

A position is a cursor of the journal, and what may be missing is `truncated`. Webhooks need a
principal and a way out to the net, which a server on stdio has not: they are refused.
"""
