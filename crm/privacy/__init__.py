"""What data protection law asks for: which consents people gave, and what happened when their data were not safe."""
