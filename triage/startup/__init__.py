"""What a Windows image starts from files: tasks, startup folders, shortcuts, profiles of shells."""
