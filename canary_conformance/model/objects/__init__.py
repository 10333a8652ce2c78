"""The objects in force at one moment, and how their parts are read."""
