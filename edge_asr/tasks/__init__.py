"""What the commands of `tasks.py` do: they print, show progress and read the environment, as `cli` does on the device."""
