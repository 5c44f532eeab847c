"""The chapters of the story. Each starts without a sandbox and ends without one."""
