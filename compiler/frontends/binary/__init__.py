"""Compiled files from their bytes: nothing is loaded, run or looked up on this machine.

Read is what the loader of the operating system reads (program headers, not sections), with every offset
checked, so that a hostile file ends in a verdict or in `MalformedError`.
"""
