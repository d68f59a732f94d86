"""The command line: a file for each group of commands; matcher's work is done below, here it is only told."""
