"""One reader per format: landed bytes become typed rows, identity apart from answers."""
