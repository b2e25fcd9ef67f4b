"""What people do in the browser; its server and its browser are gone once these tests have ended."""
