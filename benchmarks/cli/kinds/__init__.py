"""What `run` and `report` do with each kind of experiment."""
