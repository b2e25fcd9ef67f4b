"""The values that the rules on messages rely on."""

EMAIL, SMS, LETTER, FAX = "email", "sms", "letter", "fax"
CHANNELS = (EMAIL, SMS, LETTER, FAX)
ELECTRONIC = (EMAIL, SMS, FAX)  # sent by workers; letters are printed by people
BUSINESS, MARKETING, GREETING = "business", "marketing", "greeting"
PURPOSES = (BUSINESS, MARKETING, GREETING)
QUEUED, SENDING, SENT = "queued", "sending", "sent"
DELIVERED, RETURNED, FAILED, CANCELLED = "delivered", "returned", "failed", "cancelled"
STATES = (QUEUED, SENDING, SENT, DELIVERED, RETURNED, FAILED, CANCELLED)
GONE = (SENT, DELIVERED, RETURNED)  # it has left the firm
SEND, ADMINISTER = "outbox.send", "outbox.administer"  # rights
METHODS = {EMAIL: "email", SMS: "sms", LETTER: "post", FAX: "fax"}  # of the activity that a sent message becomes
