"""What is told of single customers: snapshots of tags and scores, queries, portraits, and who pulled what."""
