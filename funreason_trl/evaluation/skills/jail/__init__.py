"""What happens in the sandbox's own process, before the program in it starts and until it ends.

`start` is the way in, `files` takes the file system away, `system_calls` what else could reach out. These modules run
in a fresh interpreter without this package around them, so they import only the standard library and each other; and
as they run before every program, they import little.
"""
