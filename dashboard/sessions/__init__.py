"""Saved sessions as people meet them: save, open, share, drafts, who else is here."""
