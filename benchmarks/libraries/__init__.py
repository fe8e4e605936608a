"""The functions of other libraries that are held under the conformance kit, and the command that examines all of them."""
