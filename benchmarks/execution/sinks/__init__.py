"""Live logs: copies of learning curves in the formats of experiment trackers, one file a tracker."""
