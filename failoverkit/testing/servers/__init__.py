"""What local clusters are made with: processes, ports and directories of servers. Knows no database."""
