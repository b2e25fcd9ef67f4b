"""The values that the rules on consents rely on."""

PURPOSE, SOURCE = "consent_purpose", "consent_source"  # value lists
MARKETING, NEWSLETTER, GREETINGS = "marketing", "newsletter", "greetings"
PROFILING = "profiling"  # such as keeping what somebody looks at on the web site
ANY, PHONE = "any", "phone"
CHANNELS = (ANY, "email", "sms", PHONE, "letter", "fax")
GIVEN, WITHDRAWN = "given", "withdrawn"
STATES = (GIVEN, WITHDRAWN)
# purpose of a message to the consents that it must not go against
NEEDED = {"marketing": (MARKETING, NEWSLETTER), "greeting": (MARKETING, GREETINGS)}
