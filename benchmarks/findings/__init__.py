"""The findings: one file makes one kind of sentence, which claims no more than the corrected tests show."""
