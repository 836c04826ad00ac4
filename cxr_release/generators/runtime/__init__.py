"""What long work runs on: devices, processes, random numbers, folders that it fills."""
