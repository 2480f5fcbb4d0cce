"""Places with P-codes, names in two languages and validity dates; sites, zones, coverage."""
