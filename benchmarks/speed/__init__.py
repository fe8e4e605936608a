"""How fast this machine trains: the cells of the main job, other libraries, and what is paid before training."""
