"""What the user sees in the notification area."""
