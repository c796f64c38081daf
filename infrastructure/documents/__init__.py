"""Documents: files of text, Markdown, HTML and JSON become pages of plain text."""
