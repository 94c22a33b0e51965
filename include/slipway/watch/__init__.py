"""The pure core of a watch: when to look, how to judge, what to show."""
