"""What a user gives is checked: names, folders, numbers, environments that end their process."""
