"""What drivers are made with, for authors of driver plugins. Knows no database."""
