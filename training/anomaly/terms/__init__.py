"""Terms of a model of theft: figures of a customer's last days, each against its own past or like customers."""
