"""Facts and tables in, results out. Every value is checked against its declaration where it enters."""
