"""What the HTML report is made of: its data block, its plain page, its script and its style."""
