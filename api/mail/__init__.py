"""What an email is made of: dynamic fields, safe HTML, addresses, MIME, and links that open it elsewhere."""
