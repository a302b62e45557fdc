"""What an application uses of a generated package: by the syntax of its files, and the package's names."""
