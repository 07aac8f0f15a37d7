"""One slice from claim to ending: load, plan, send, judge, record."""
