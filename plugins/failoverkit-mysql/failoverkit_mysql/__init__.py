"""MySQL and MariaDB for failoverkit, on PyMySQL. The pool finds ``hooks`` by its entry point."""
