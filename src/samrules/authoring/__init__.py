"""What an author needs beside the rulesets themselves: cases, and what they cover."""
