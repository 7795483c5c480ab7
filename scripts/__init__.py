"""The commands of the repository; `story` holds the real parts that they run against."""
