"""What is done for customers after they have bought: calls, visits and service that orders plan by themselves."""
