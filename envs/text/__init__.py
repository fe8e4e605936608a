"""The text-generation MDPs, one file each."""
