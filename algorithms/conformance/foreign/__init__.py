"""The conformance kit for functions of other libraries: their advantages and losses, read through adapters.

`algorithms.conformance.foreign.examine.examine` is the entry; docs/own-estimator.md says how a function is handed in.
"""
