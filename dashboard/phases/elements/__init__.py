"""The tab "Elements": all element maps at once, in colour, divided and compared with each other."""
