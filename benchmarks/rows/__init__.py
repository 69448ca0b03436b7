"""One module a row of the table: what is done, by whom, and what is wanted of Tristan."""
