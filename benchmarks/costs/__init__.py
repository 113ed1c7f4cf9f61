"""What the service costs, by what is asked of it: the rooms of `curves.py`."""
