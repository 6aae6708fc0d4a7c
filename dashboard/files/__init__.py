"""The data folder as people meet it: what lies there, and how their own files come to lie there."""
