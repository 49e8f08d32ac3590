"""The figures of a run. Each is two functions: tables → numbers (kept as CSV), and numbers → picture.

look      paper, language, colours, fonts, and how numbers are written
canvas    the few ways in which rows are drawn: lines, bars, stacks, with direct labels
numbers   from tables to the tidy rows behind a figure
registry  every figure by name, and drawing them into files
"""
