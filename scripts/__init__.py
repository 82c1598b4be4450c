"""The verbs of the ``boxfold`` command, one thin file each."""
