"""Floor 2: what the venue's words mean. No clock, no network, no trio."""
