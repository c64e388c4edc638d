"""What is done with a finished take: silence out, verified, and the user's files where they belong."""
