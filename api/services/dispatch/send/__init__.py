"""Send: write claimed emails and give them to channels, one worker for each account."""
