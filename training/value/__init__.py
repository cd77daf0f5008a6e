"""What a customer is worth: the margin of the coming year with its range, and how his use goes on."""
