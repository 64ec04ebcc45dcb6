"""A rehearsed peer: Mastercard Open Banking Europe, its pages and the banks.

A program of its own, for tests and demonstrations on loopback. It shares no
code with the add-on and imports nothing from it. See README.md in this folder.
"""
