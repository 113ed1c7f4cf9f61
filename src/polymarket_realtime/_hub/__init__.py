"""Floor 4: subscriptions and fan-out. Knows no socket and no JSON."""
