"""Which of a prompt's episodes make its group."""
