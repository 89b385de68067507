"""PostgreSQL for failoverkit, on psycopg2. The pool finds ``hooks`` by its entry point."""
