"""Parts that figures share: legends, labels at the ends of lines, tables of coloured cells."""
