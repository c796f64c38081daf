"""The command line: one file per noun, imported only when its command is given."""
