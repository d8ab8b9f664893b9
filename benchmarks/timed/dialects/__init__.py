"""The words in which each server is asked for the same; every answer stands under the name `answer`."""
