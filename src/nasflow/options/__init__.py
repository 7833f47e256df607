"""The options of what belongs to no plug-in; plug-ins have theirs beside their class."""
