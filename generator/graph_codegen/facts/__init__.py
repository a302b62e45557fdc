"""What the metadata leaves unsaid: hand-kept facts about the service, and the settings of a project."""
