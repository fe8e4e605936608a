"""Generated blocks of hand-written pages: a module makes those of one subject."""
