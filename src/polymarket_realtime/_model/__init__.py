"""Floor 0: ids, values, topics and events. Knows attrs and nothing else."""
