"""Beside floor 4: what people call markets by, as markets and tokens."""
