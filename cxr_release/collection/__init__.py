"""Synthetic films that another generator drew: from folders and tables to films like our own."""
