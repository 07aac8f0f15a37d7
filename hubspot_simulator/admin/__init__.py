"""What tests, demos and people use beside the API: the admin API, the acts of staff, pages to look at."""
