"""Files: where their bytes lie, what is taken in, who may fetch it."""
