"""The engine `compiled`: a plan as Python source, for one account in microseconds; the trace is rebuilt when asked for."""
