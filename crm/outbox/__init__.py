"""What leaves the firm: mails, SMS, letters and faxes, each queued with what it is about and kept with its proof."""
