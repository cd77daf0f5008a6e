"""What a customer is like: features of use, money, contacts and applications, as of any date."""
