"""A job: a folder with a frozen plan and a journal of what is ink already, and the loop that draws it."""
