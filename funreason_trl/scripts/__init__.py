"""The commands: one module with a `main` for each, which `cli` finds by its name."""
