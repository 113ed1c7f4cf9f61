"""How many instructions a message takes: the rooms of `guard.py`."""
