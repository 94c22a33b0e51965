"""Stand-ins of the vendors that the plans name: honest servers with state, one file each."""
